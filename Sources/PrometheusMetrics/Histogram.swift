import Synchronization

/// How observations are spread over buckets.
package final class Histogram: Metric {
    private struct State {
        /// Observations in each bucket alone, and last those above all.
        var counts: [Int]
        var sum = 0.0
    }

    private let buckets: [Double]
    private let state: Mutex<State>

    init(buckets: [Double]) {
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }, "buckets must rise")
        precondition(buckets.allSatisfy(\.isFinite), "the bucket of everything is there anyway")
        self.buckets = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    /// Counts one observation; a bound belongs to its bucket.
    package func observe(_ value: Double) { observe(value, count: 1) }

    /// Counts `count` observations of the same value.
    package func observe(_ value: Double, count: Int) {
        var (low, high) = (0, buckets.count)
        while low < high {
            let middle = (low + high) / 2
            if buckets[middle] < value { low = middle + 1 } else { high = middle }
        }
        state.withLock { state in
            state.counts[low] += count
            state.sum += value * Double(count)
        }
    }

    /// Takes over counts that somebody else keeps: of each bucket alone, and last of what is above all.
    package func follow(counts: [Int], sum: Double) {
        precondition(counts.count == buckets.count + 1, "one count for each bucket and one above")
        state.withLock { $0 = State(counts: counts, sum: sum) }
    }

    package func write(_ name: String, _ labels: String, to text: inout String) {
        let state = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var total = 0
        for (bound, count) in zip(buckets + [.infinity], state.counts) {
            total += count
            let labels = "\(prefix)le=\"\(bound.isInfinite ? "+Inf" : "\(bound)")\""
            text += MetricText.sample("\(name)_bucket", labels, Double(total))
        }
        text += MetricText.sample("\(name)_sum", labels, state.sum)
        text += MetricText.sample("\(name)_count", labels, Double(total))
    }
}
