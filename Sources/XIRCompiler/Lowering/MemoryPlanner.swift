/// Gives intervals of use their offsets in one arena, so that those in use at the same time do not overlap.
///
/// Largest first, each at the lowest offset that is free throughout its interval (as TensorFlow Lite's
/// "greedy by size"; Pisarchyk and Lee, 2020). Cost: quadratic in the number of intervals.
package struct MemoryPlanner: Sendable {
    /// A run of bytes that is needed from step `first` to step `last`, both included.
    package struct Interval: Sendable, Hashable {
        package var byteCount: Int
        package var first: Int
        package var last: Int

        package init(byteCount: Int, first: Int, last: Int) {
            self.byteCount = byteCount
            self.first = first
            self.last = last
        }
    }

    package static let alignment = 64

    package private(set) var offsets: [Int]
    package private(set) var arenaByteCount = 0

    package init(_ intervals: [Interval]) {
        offsets = [Int](repeating: 0, count: intervals.count)
        var placed: [Int] = []
        let order = intervals.indices.sorted {
            (intervals[$1].byteCount, $0) < (intervals[$0].byteCount, $1)
        }
        for index in order {
            let interval = intervals[index]
            let size = Self.rounded(interval.byteCount)
            var offset = 0
            // `placed` is kept in the order of offsets, so that the first gap is the lowest.
            for other in placed where intervals[other].first <= interval.last && interval.first <= intervals[other].last
            {
                if offset + size <= offsets[other] { break }
                offset = max(offset, offsets[other] + Self.rounded(intervals[other].byteCount))
            }
            offsets[index] = offset
            let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
            placed.insert(index, at: position)
            arenaByteCount = max(arenaByteCount, offset + size)
        }
    }

    private static func rounded(_ byteCount: Int) -> Int {
        (byteCount + alignment - 1) / alignment * alignment
    }
}
