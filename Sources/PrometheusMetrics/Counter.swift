import Synchronization

/// A number that only grows.
package final class Counter: Metric {
    private let value = Mutex(0.0)

    /// Adds a number that is not negative.
    package func increment(by amount: Double = 1) {
        precondition(amount >= 0, "a counter does not fall")
        value.withLock { $0 += amount }
    }

    package func increment(by amount: Int) { increment(by: Double(amount)) }

    /// Takes over a total that somebody else keeps and that only grows.
    package func follow(_ total: Double) { value.withLock { $0 = max($0, total) } }
    package func follow(_ total: Int) { follow(Double(total)) }

    package func write(_ name: String, _ labels: String, to text: inout String) {
        text += MetricText.sample(name, labels, value.withLock { $0 })
    }
}
