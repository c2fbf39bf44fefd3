import BatchJobs
import PrometheusMetrics

/// Counts lines of batches, and shows what there is to do.
struct BatchReport: Sendable {
    private let lines: Family<Counter>
    private let running: Gauge
    private let waiting: Gauge
    private let batches: Family<Gauge>
    private let bytes: Gauge
    private let model: String

    init(_ registry: MetricsRegistry, model: String) {
        self.model = model
        func gauge(_ name: String, _ help: String) -> Gauge {
            registry.gauge("kongur_batch_\(name)", help, labels: ["model_name"])[model]
        }
        lines = registry.counter(
            "kongur_batch_lines_total",
            "Lines of batches that got their result, by what it is: completed or failed.",
            labels: ["model_name", "result"]
        )
        running = gauge("lines_running", "Lines of batches that are being asked.")
        waiting = gauge("lines_waiting", "Lines of batches that have no result and are not being asked.")
        batches = registry.gauge(
            "kongur_batch_jobs",
            "Batches that have not ended, by status.",
            labels: ["model_name", "status"]
        )
        bytes = gauge("file_bytes", "Bytes that files, lines and results of batches take.")
        for isAnswer in [true, false] { recorded(isAnswer: isAnswer, count: 0) }
        show([], running: 0, bytes: 0)
    }

    func recorded(isAnswer: Bool, count: Int = 1) {
        lines[model, isAnswer ? "completed" : "failed"].increment(by: count)
    }

    func show(_ open: [Batch], running count: Int, bytes byteCount: Int) {
        bytes.set(byteCount)
        running.set(count)
        waiting.set(max(0, open.map(\.counts.unfinished).reduce(0, +) - count))
        for status in Batch.Status.allCases where !status.isEnd {
            batches[model, status.rawValue].set(open.count { $0.status == status })
        }
    }
}
