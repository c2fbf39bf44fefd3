package import InferenceEngine
package import PrometheusMetrics

/// The engine's metrics under vLLM's names, types, labels and buckets, so that what was made for vLLM (dashboards, autoscalers,
/// routers, the Kubernetes Gateway API Inference Extension) works unchanged.
///
/// It makes the engines' observers; gauges and totals are taken from the engines at each scrape.
package final class EngineReport: Sendable {
    private let model: String
    private let timeToFirstToken: Family<Histogram>
    private let interToken: Family<Histogram>
    private let timePerToken: Family<Histogram>
    private let endToEnd: Family<Histogram>
    private let queue: Family<Histogram>
    private let inference: Family<Histogram>
    private let prefill: Family<Histogram>
    private let decode: Family<Histogram>
    private let promptTokens: Family<Histogram>
    private let generatedTokens: Family<Histogram>
    private let maxGeneratedTokens: Family<Histogram>
    private let maxTokens: Family<Histogram>
    private let choices: Family<Histogram>
    private let finished: Family<Counter>
    private let rejections: Family<Counter>
    private let totals: EngineTotals

    private static let firstTokenBuckets = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
        2560,
    ]
    private static let tokenBuckets = [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
    ]
    private static let requestBuckets = [
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
    ]

    /// The codes of the errors of requests that are refused.
    static let rejectionReasons = ["memory_full", "queue_full", "rate_limit_exceeded", "read_timeout", "shutting_down"]

    /// Metrics of the engine that answers as `model` with contexts of up to `contextLength` tokens.
    package init(_ registry: MetricsRegistry, model: String, contextLength: Int) {
        self.model = model
        func histogram(_ name: String, _ help: String, _ buckets: [Double]) -> Family<Histogram> {
            registry.histogram("vllm:\(name)", help, labels: EngineTotals.labels, buckets: buckets)
        }
        let lengths = Self.lengthBuckets(upTo: contextLength)
        totals = EngineTotals(registry, model: model)
        finished = registry.counter(
            "vllm:request_success_total",
            "Count of successfully processed requests.",
            labels: EngineTotals.labels + ["finished_reason"]
        )
        rejections = registry.counter(
            "vllm:admission_rejections_total",
            "Requests that were refused before the engine saw them, by reason.",
            labels: EngineTotals.labels + ["reason"]
        )
        timeToFirstToken = histogram(
            "time_to_first_token_seconds",
            "Histogram of time to first token in seconds.",
            Self.firstTokenBuckets
        )
        interToken = histogram(
            "inter_token_latency_seconds",
            "Histogram of inter-token latency in seconds.",
            Self.tokenBuckets
        )
        timePerToken = histogram(
            "request_time_per_output_token_seconds",
            "Histogram of time_per_output_token_seconds per request.",
            Self.tokenBuckets
        )
        func request(_ name: String, _ help: String) -> Family<Histogram> { histogram(name, help, Self.requestBuckets) }
        endToEnd = request("e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.")
        queue = request("request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.")
        inference = request("request_inference_time_seconds", "Histogram of time spent in RUNNING phase for request.")
        prefill = request("request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.")
        decode = request("request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.")
        promptTokens = histogram("request_prompt_tokens", "Number of prefill tokens processed.", lengths)
        generatedTokens = histogram("request_generation_tokens", "Number of generation tokens processed.", lengths)
        maxGeneratedTokens = histogram(
            "request_max_num_generation_tokens",
            "Histogram of maximum number of requested generation tokens.",
            lengths
        )
        maxTokens = histogram("request_params_max_tokens", "Histogram of the max_tokens request parameter.", lengths)
        choices = histogram("request_params_n", "Histogram of the n request parameter.", [1, 2, 5, 10, 20])
        begin("0")
        for reason in Self.rejectionReasons { _ = rejections[model, "0", reason] }
        // Kongur has no sleep: what looks at it sees a server that is awake.
        let sleep = registry.gauge(
            "vllm:engine_sleep_state",
            "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake.",
            labels: EngineTotals.labels + ["sleep_state"]
        )
        for (state, value) in [("awake", 1), ("weights_offloaded", 0), ("discard_all", 0)] {
            sleep[model, "0", state].set(value)
        }
    }

    /// Makes the series of an engine: rates and alerts need a first value of each.
    private func begin(_ engine: String) {
        for reason in ["stop", "length", "abort", "error"] { _ = finished[model, engine, reason] }
        for family in [
            timeToFirstToken, interToken, timePerToken, endToEnd, queue, inference, prefill, decode, promptTokens,
            generatedTokens, maxGeneratedTokens, maxTokens, choices,
        ] {
            _ = family[model, engine]
        }
    }

    /// The observer of the engine with a number.
    package func observer(_ number: Int) -> any EngineObserver {
        begin("\(number)")
        return Observer(report: self, engine: "\(number)")
    }

    /// Lets scrapes look at the engines, once they are there.
    package func follow(_ engine: EngineGroup, on registry: MetricsRegistry) {
        totals.follow(engine, on: registry)
    }

    /// A client's request for so many answers was taken.
    func admitted(choices count: Int) { choices[model, "0"].observe(Double(count)) }

    /// A request was refused for a reason out of a small set.
    func rejected(_ reason: String) { rejections[model, "0", reason].increment() }

    /// What one engine tells.
    private struct Observer: EngineObserver {
        let report: EngineReport
        let engine: String

        func drewFirstToken(after duration: Duration) { observe(report.timeToFirstToken, duration) }

        func drewToken(after duration: Duration) { observe(report.interToken, duration) }

        func finished(_ request: GenerationRequest, _ summary: GenerationSummary) {
            count(summary.finishReason.metricLabel)
            // Work in the background waits for all other work, and would look like a service that is slow.
            guard !request.isBackground else { return }
            let timings = summary.timings
            observe(report.endToEnd, timings.total)
            timings.queue.map { observe(report.queue, $0) }
            timings.prefill.map { observe(report.prefill, $0) }
            if let decoding = timings.decode {
                observe(report.decode, decoding)
                if summary.generatedTokens > 1 {
                    observe(report.timePerToken, decoding / (summary.generatedTokens - 1))
                }
            }
            timings.scheduled.map { observe(report.inference, timings.finished - $0) }
            observe(report.promptTokens, Double(summary.promptTokens))
            observe(report.generatedTokens, Double(summary.generatedTokens))
            observe(report.maxGeneratedTokens, Double(summary.generatedTokens))
            request.maxNewTokens.map { observe(report.maxTokens, Double($0)) }
        }

        func failed(_ request: GenerationRequest, _ error: EngineError) { count("error") }

        private func count(_ reason: String) { report.finished[report.model, engine, reason].increment() }

        private func observe(_ family: Family<Histogram>, _ duration: Duration) {
            observe(family, duration / .seconds(1))
        }

        private func observe(_ family: Family<Histogram>, _ value: Double) {
            family[report.model, engine].observe(value)
        }
    }

    /// Buckets at 1, 2 and 5 times the powers of ten, up to a length.
    static func lengthBuckets(upTo length: Int) -> [Double] {
        var (buckets, power): ([Double], Int) = ([], 1)
        while power <= length {
            buckets += [1, 2, 5].map { $0 * power }.filter { $0 <= length }.map { Double($0) }
            power *= 10
        }
        return buckets
    }
}

extension FinishReason {
    fileprivate var metricLabel: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .cancelled: "abort"
        }
    }
}
