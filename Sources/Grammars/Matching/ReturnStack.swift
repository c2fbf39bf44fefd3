/// Where to go on when what was entered ends: stacks that share what they have in common.
///
/// A stack is the place of its topmost frame. Equal stacks are the same place, so that readings which have become the
/// same are found by comparing numbers.
struct ReturnStack: Sendable {
    struct Frame: Hashable, Sendable {
        /// The node to go on with.
        var node: Int32
        /// How many times the body of a repetition has been entered.
        var count: Int32
        /// The stack below; `empty` at the bottom.
        var below: Int32
    }

    static let empty: Int32 = -1

    private(set) var frames: [Frame] = []
    private var places: [Frame: Int32] = [:]
    /// From how many frames on it is time to look which are still needed: each is then looked at only a few times.
    private(set) var compactionCount = 64

    mutating func push(_ frame: Frame) -> Int32 {
        if let place = places[frame] { return place }
        let place = Int32(frames.count)
        frames.append(frame)
        places[frame] = place
        return place
    }

    subscript(stack: Int32) -> Frame { frames[Int(stack)] }

    /// Forgets frames beyond a number of them.
    mutating func truncate(to count: Int) {
        while frames.count > count, let frame = frames.popLast() { places[frame] = nil }
    }

    /// Keeps only what these stacks hold, and returns where they are then.
    mutating func compact(_ stacks: [Int32]) -> [Int32] {
        var kept = ReturnStack()
        var moved: [Int32: Int32] = [Self.empty: Self.empty]
        let result = stacks.map { stack in
            var chain: [Int32] = []
            var place = stack
            while moved[place] == nil {
                chain.append(place)
                place = self[place].below
            }
            for place in chain.reversed() {
                var frame = self[place]
                frame.below = moved[frame.below] ?? Self.empty
                moved[place] = kept.push(frame)
            }
            return moved[stack] ?? Self.empty
        }
        kept.compactionCount = 64 + 2 * kept.frames.count
        self = kept
        return result
    }
}
