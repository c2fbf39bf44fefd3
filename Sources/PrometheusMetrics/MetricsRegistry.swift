import Synchronization

/// Metrics by name, and their text for a scraper.
///
/// Counting takes a lock of the one series that is counted and never waits for a scrape of the others.
package final class MetricsRegistry: Sendable {
    private struct State {
        var families: [any MetricFamily] = []
        var names: Set<String> = []
        var observers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// A number that only grows; by Prometheus' custom its name ends in `_total`.
    ///
    /// `labels` are the names of what tells its series apart. A name must be new here, and names must be well formed.
    package func counter(_ name: String, _ help: String, labels: [String] = []) -> Family<Counter> {
        register(Family(MetricHead(name, help, type: "counter", labels: labels)) { Counter() })
    }

    /// A number that rises and falls.
    package func gauge(_ name: String, _ help: String, labels: [String] = []) -> Family<Gauge> {
        register(Family(MetricHead(name, help, type: "gauge", labels: labels)) { Gauge() })
    }

    /// How many observations were at most as large as each of `buckets`, which rise.
    package func histogram(_ name: String, _ help: String, labels: [String] = [], buckets: [Double])
        -> Family<Histogram>
    {
        precondition(!labels.contains("le"), "\(name): 'le' is the label of buckets")
        return register(
            Family(MetricHead(name, help, type: "histogram", labels: labels)) { Histogram(buckets: buckets) }
        )
    }

    /// Called at the start of each scrape, to set gauges to what is true then; it must not wait.
    package func onScrape(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.observers.append(body) }
    }

    /// All metrics in Prometheus' text format, version 0.0.4, families in the order in which they were made and series in
    /// that of their labels.
    package func text() -> String {
        let (families, observers) = state.withLock { ($0.families, $0.observers) }
        for observe in observers { observe() }
        var text = ""
        for family in families { family.write(to: &text) }
        return text
    }

    private func register<Metric>(_ family: Family<Metric>) -> Family<Metric> {
        state.withLock { state in
            precondition(state.names.insert(family.head.name).inserted, "\(family.head.name) is there already")
            state.families.append(family)
        }
        return family
    }
}

/// What all series of a metric share.
struct MetricHead: Sendable {
    let name: String
    let help: String
    let type: String
    let labels: [String]

    init(_ name: String, _ help: String, type: String, labels: [String]) {
        precondition(MetricText.isName(name, colons: true), "'\(name)' is not a name of a metric")
        precondition(labels.allSatisfy { MetricText.isName($0, colons: false) }, "\(name): a label is not a name")
        (self.name, self.help, self.type, self.labels) = (name, help, type, labels)
    }
}

/// A metric's series, as the registry sees them.
protocol MetricFamily: Sendable {
    func write(to text: inout String)
}

/// One series of a metric.
package protocol Metric: Sendable {
    /// Appends the samples of a series whose labels are written already, such as `model="pebble"`.
    func write(_ name: String, _ labels: String, to text: inout String)
}

/// The series of one metric, by the values of its labels.
package final class Family<Series: Metric>: MetricFamily {
    let head: MetricHead
    private let make: @Sendable () -> Series
    private let series: Mutex<[[String]: Series]>

    init(_ head: MetricHead, _ make: @escaping @Sendable () -> Series) {
        self.head = head
        self.make = make
        // A metric without labels is there from the start, as nothing: rates need a first value.
        series = Mutex(head.labels.isEmpty ? [[]: make()] : [:])
    }

    /// The series with these values for the labels, in their order; made at first use.
    ///
    /// Each is kept for good, so values must come from a small set.
    package subscript(_ values: String...) -> Series {
        precondition(values.count == head.labels.count, "\(head.name) has the labels \(head.labels)")
        return series.withLock { series in
            if let known = series[values] { return known }
            let new = make()
            series[values] = new
            return new
        }
    }

    func write(to text: inout String) {
        let all = series.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        text += "# HELP \(head.name) \(MetricText.escaped(head.help, quotes: false))\n"
        text += "# TYPE \(head.name) \(head.type)\n"
        for (values, series) in all {
            let labels = zip(head.labels, values).map { "\($0)=\"\(MetricText.escaped($1, quotes: true))\"" }
            series.write(head.name, labels.joined(separator: ","), to: &text)
        }
    }
}
