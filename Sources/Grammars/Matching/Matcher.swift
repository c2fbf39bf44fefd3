/// Follows a grammar through the bytes of an answer.
///
/// Holds every reading that is still possible: usually one, several where alternatives begin alike. Copying is cheap.
/// A text that has more readings than `mostReadings` is followed in the first of them only; what is then allowed is valid
/// all the same.
package struct Matcher: Sendable {
    /// A place inside a word, and what follows it.
    struct Reading: Hashable, Sendable {
        var node: Int32
        var state: Int32
        var count: Int32
        var stack: Int32
    }

    /// What may come at a place: the words that may begin there, and whether the answer may end.
    struct Continuation: Sendable {
        var readings: [Reading] = []
        var mayEnd = false
    }

    static let mostReadings = 1_024
    /// The units of work of following one reading, and of looking at one node between words.
    private static let readingWork = 2
    private static let nodeWork = 16

    package let grammar: Grammar
    private(set) var readings: [Reading] = []
    /// Whether the answer may end here.
    package private(set) var mayEnd = false
    private var stack = ReturnStack()

    package init(_ grammar: Grammar) {
        self.grammar = grammar
        var meter = WorkMeter.unlimited
        // What a grammar begins with is bounded by its nodes, each of which is looked at once.
        let start = enter(Int32(grammar.root), stack: ReturnStack.empty, &meter) ?? Continuation()
        (readings, mayEnd) = (start.readings, start.mayEnd)
    }

    /// Whether nothing but the end may come.
    package var mustEnd: Bool { readings.isEmpty }

    /// Goes on by one byte; returns false, and changes nothing, when it may not come here.
    package mutating func advance(_ byte: UInt8) -> Bool {
        var meter = WorkMeter.unlimited
        return advance(byte, &meter) ?? false
    }

    /// Goes on by one byte, which is one piece of work; returns false when it may not come here, nil when the piece was
    /// broken off.
    ///
    /// Nothing changes in both cases.
    package mutating func advance(_ byte: UInt8, _ meter: inout WorkMeter) -> Bool? {
        meter.beginPiece()
        var next = Continuation()
        var known: [ReturnStack.Frame: Continuation] = [:]
        let frameCount = stack.frames.count
        for reading in readings {
            guard meter.spend(Self.readingWork) else {
                stack.truncate(to: frameCount)
                return nil
            }
            guard let (moved, accepts, goesOn) = step(reading, byte) else { continue }
            if goesOn { next.readings.append(moved) }
            guard accepts else { continue }
            let place = ReturnStack.Frame(node: Int32(word(moved).next), count: 0, below: moved.stack)
            guard let behind = known[place] ?? enter(place.node, stack: place.below, &meter) else {
                stack.truncate(to: frameCount)
                return nil
            }
            if readings.count > 1 { known[place] = behind }
            next.readings += behind.readings
            next.mayEnd = next.mayEnd || behind.mayEnd
            if next.readings.count > 4 * Self.mostReadings { next.readings = Self.distinct(next.readings) }
        }
        guard !next.readings.isEmpty || next.mayEnd else { return false }
        readings = next.readings.count > 1 ? Self.distinct(next.readings) : next.readings
        mayEnd = next.mayEnd
        if stack.frames.count > stack.compactionCount { compact() }
        return true
    }

    /// Goes on by some bytes; returns false, and changes nothing, when they may not come here.
    package mutating func advance(_ bytes: some Sequence<UInt8>) -> Bool {
        let before = self
        for byte in bytes where !advance(byte) {
            self = before
            return false
        }
        return true
    }

    private mutating func compact() {
        let stacks = stack.compact(readings.map(\.stack))
        for index in readings.indices { readings[index].stack = stacks[index] }
    }

    private static func distinct(_ readings: [Reading]) -> [Reading] {
        var seen = Set<Reading>()
        var distinct: [Reading] = []
        for reading in readings where distinct.count < mostReadings && seen.insert(reading).inserted {
            distinct.append(reading)
        }
        return distinct
    }

    // MARK: Words

    /// The word that a reading is in.
    func word(_ reading: Reading) -> (automaton: Automaton, least: Int, most: Int, next: Int) {
        guard case .word(let automaton, let least, let most, let next) = grammar.nodes[Int(reading.node)] else {
            preconditionFailure("a reading is inside a word")
        }
        return (automaton, least, most, next)
    }

    private func step(_ reading: Reading, _ byte: UInt8) -> (Reading, accepts: Bool, goesOn: Bool)? {
        let (automaton, least, most, _) = word(reading)
        let edge = automaton.edge(Int(reading.state), byte)
        guard edge != Automaton.dead else { return nil }
        var moved = reading
        moved.state = edge >> 1
        if edge & 1 == 1 {
            guard Int(reading.count) < most else { return nil }
            // Without an upper bound, more than the least makes no difference.
            moved.count = most == .max ? min(reading.count + 1, Int32(clamping: least)) : reading.count + 1
        }
        let accepts = automaton.accepts(Int(moved.state)) && Int(moved.count) >= least
        let goesOn = automaton.goesOn(Int(moved.state))
        return accepts || goesOn ? (moved, accepts, goesOn) : nil
    }

    // MARK: Between words

    /// What may come behind the word of a reading; nil when the piece of work must be broken off.
    mutating func leave(_ reading: Reading, _ meter: inout WorkMeter) -> Continuation? {
        enter(Int32(word(reading).next), stack: reading.stack, &meter)
    }

    /// What may come at a node; nil when the piece of work must be broken off.
    private mutating func enter(_ node: Int32, stack start: Int32, _ meter: inout WorkMeter) -> Continuation? {
        var result = Continuation()
        var waiting = [ReturnStack.Frame(node: node, count: 0, below: start)]
        var seen = Set<ReturnStack.Frame>()
        while let place = waiting.popLast(), result.readings.count < Self.mostReadings {
            guard meter.spend(Self.nodeWork) else { return nil }
            guard seen.insert(place).inserted else { continue }
            switch grammar.nodes[Int(place.node)] {
            case .end:
                if place.below == ReturnStack.empty {
                    result.mayEnd = true
                } else {
                    waiting.append(stack[place.below])
                }
            case .word(let automaton, let least, _, let next):
                result.readings.append(
                    Reading(node: place.node, state: Int32(Automaton.start), count: 0, stack: place.below)
                )
                if least == 0, automaton.accepts(Automaton.start) {
                    waiting.append(ReturnStack.Frame(node: Int32(next), count: 0, below: place.below))
                }
            case .call(let target, let next):
                let below = push(next, 0, place.below)
                waiting.append(ReturnStack.Frame(node: Int32(target), count: 0, below: below))
            case .choice(let all):
                for one in all { waiting.append(ReturnStack.Frame(node: Int32(one), count: 0, below: place.below)) }
            case .repetition(let body, let least, let most, let next):
                if Int(place.count) >= least {
                    waiting.append(ReturnStack.Frame(node: Int32(next), count: 0, below: place.below))
                }
                if Int(place.count) < most {
                    let count = most == .max ? min(place.count + 1, Int32(clamping: least)) : place.count + 1
                    let below = push(Int(place.node), count, place.below)
                    waiting.append(ReturnStack.Frame(node: Int32(body), count: 0, below: below))
                }
            }
        }
        return result
    }

    /// What ends right after its return needs no return of its own: lists that are written as recursion stay flat.
    private mutating func push(_ node: Int, _ count: Int32, _ below: Int32) -> Int32 {
        if case .end = grammar.nodes[node] { return below }
        return stack.push(ReturnStack.Frame(node: Int32(node), count: count, below: below))
    }

    /// Calls `body`, and forgets the stacks that were made meanwhile.
    mutating func exploring<Result>(_ body: (inout Matcher) -> Result) -> Result {
        let count = stack.frames.count
        defer { stack.truncate(to: count) }
        return body(&self)
    }
}
