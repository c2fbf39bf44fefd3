/// What a simulated device did and when, as Perfetto and Chrome's tracing page read it.
///
/// The format is the Trace Event Format's JSON object with complete events (`"ph": "X"`), in microseconds of simulated time.
package struct ExecutionTrace: Sendable {
    package struct Event: Sendable, Hashable {
        package var name: String
        /// `step`, `transfer` or `kernel`: rows of the picture.
        package var row: Row
        /// Seconds.
        package var start: Double
        package var duration: Double
        package var bytes: Double
        package var operations: Double

        package init(
            _ name: String,
            _ row: Row,
            start: Double,
            duration: Double,
            bytes: Double = 0,
            operations: Double = 0
        ) {
            self.name = name
            self.row = row
            self.start = start
            self.duration = duration
            self.bytes = bytes
            self.operations = operations
        }
    }

    package enum Row: Int, Sendable, Hashable, CaseIterable {
        case step = 1
        case transfer
        case kernel

        var title: String {
            switch self {
            case .step: "steps"
            case .transfer: "transfers"
            case .kernel: "kernels"
            }
        }
    }

    /// Later events are dropped and counted: a trace of hours is of no use to anybody.
    package let limit: Int
    package private(set) var events: [Event] = []
    package private(set) var droppedCount = 0

    package init(limit: Int = 1_000_000) {
        self.limit = limit
    }

    package mutating func append(_ event: Event) {
        if events.count < limit { events.append(event) } else { droppedCount += 1 }
    }

    /// The file's text for a device of this name.
    package func json(device: String) -> String {
        var lines = [#"{"ph":"M","pid":1,"name":"process_name","args":{"name":"\#(device) (simulated)"}}"#]
        for row in Row.allCases {
            lines.append(
                #"{"ph":"M","pid":1,"tid":\#(row.rawValue),"name":"thread_name","args":{"name":"\#(row.title)"}}"#
            )
        }
        for event in events {
            let (start, duration) = (Self.microseconds(event.start), Self.microseconds(event.duration))
            let work = #"{"bytes":\#(Int(event.bytes)),"operations":\#(Int(event.operations))}"#
            lines.append(
                #"{"ph":"X","pid":1,"tid":\#(event.row.rawValue),"name":"\#(event.name)","ts":\#(start),"dur":\#(duration),"args":\#(work)}"#
            )
        }
        let dropped = droppedCount > 0 ? "\"otherData\":{\"dropped_events\":\(droppedCount)}," : ""
        return "{\"displayTimeUnit\":\"ms\",\(dropped)\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
    }

    /// Thousandths of a microsecond at most, so that the same trace is the same text.
    private static func microseconds(_ seconds: Double) -> String {
        let thousandths = Int((seconds * 1e9).rounded())
        let rest = String(thousandths % 1000)
        return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - rest.utf8.count))\(rest)"
    }
}
