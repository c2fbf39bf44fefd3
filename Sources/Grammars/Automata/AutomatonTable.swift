/// Where the edges of an automaton lead, by state and class of byte: the state after it times two, plus one for an edge
/// that counts; or `Automaton.dead`.
///
/// A row for each state where that is not much, and else only the edges that there are: most states of long lists of
/// words have a single one.
struct AutomatonTable: Sendable {
    struct Edge {
        var byteClass: UInt8
        var target: Int32
    }

    /// Smaller tables have a row for each state.
    private static let smallSize = 1 << 10

    private let classCount: Int
    private var targets: [Int32] = []
    /// Where the edges of each state begin, with one more entry at the end; empty when each state has a row.
    private var starts: [Int32] = []
    private var edgeClasses: [UInt8] = []

    /// `edges` calls its argument with each state's edges, sorted by class, `edgeCount` in all.
    init(stateCount: Int, classCount: Int, edgeCount: Int, _ edges: (Int) -> [Edge]) {
        self.classCount = classCount
        if Self.hasRows(stateCount, classCount, edgeCount) {
            targets = [Int32](repeating: Automaton.dead, count: stateCount * classCount)
            for state in 0..<stateCount {
                for edge in edges(state) { targets[state * classCount + Int(edge.byteClass)] = edge.target }
            }
            return
        }
        targets.reserveCapacity(edgeCount)
        edgeClasses.reserveCapacity(edgeCount)
        starts.reserveCapacity(stateCount + 1)
        for state in 0..<stateCount {
            starts.append(Int32(targets.count))
            for edge in edges(state) {
                targets.append(edge.target)
                edgeClasses.append(edge.byteClass)
            }
        }
        starts.append(Int32(targets.count))
    }

    private static func hasRows(_ stateCount: Int, _ classCount: Int, _ edgeCount: Int) -> Bool {
        let rows = stateCount * classCount * 4
        return rows <= smallSize || rows <= 4 * (edgeCount * 5 + stateCount * 4)
    }

    /// How much memory a table takes, in bytes.
    static func size(stateCount: Int, classCount: Int, edgeCount: Int) -> Int {
        hasRows(stateCount, classCount, edgeCount)
            ? stateCount * classCount * 4 : edgeCount * 5 + stateCount * 4
    }

    var size: Int { targets.count * 4 + starts.count * 4 + edgeClasses.count }

    var counts: Bool { targets.contains { $0 != Automaton.dead && $0 & 1 == 1 } }

    /// Whether a state has an edge.
    func goesOn(_ state: Int) -> Bool {
        guard starts.isEmpty else { return starts[state] < starts[state + 1] }
        return targets[state * classCount..<(state + 1) * classCount].contains { $0 != Automaton.dead }
    }

    @inline(__always)
    func edge(_ state: Int, _ byteClass: UInt8) -> Int32 {
        if starts.isEmpty {
            return targets.withUnsafeBufferPointer { $0[state &* classCount &+ Int(byteClass)] }
        }
        return search(state, byteClass)
    }

    private func search(_ state: Int, _ byteClass: UInt8) -> Int32 {
        var (low, high) = (Int(starts[state]), Int(starts[state + 1]))
        while low < high {
            let middle = (low + high) / 2
            if edgeClasses[middle] < byteClass { low = middle + 1 } else { high = middle }
        }
        return low < Int(starts[state + 1]) && edgeClasses[low] == byteClass ? targets[low] : Automaton.dead
    }
}
