import Synchronization

/// A number that rises and falls.
package final class Gauge: Metric {
    private let value = Mutex(0.0)

    package func set(_ value: Double) { self.value.withLock { $0 = value } }
    package func set(_ value: Int) { set(Double(value)) }

    package func write(_ name: String, _ labels: String, to text: inout String) {
        text += MetricText.sample(name, labels, value.withLock { $0 })
    }
}
