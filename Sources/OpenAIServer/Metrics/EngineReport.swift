package import InferenceEngine
package import PrometheusMetrics

/// The engine's metrics under vLLM's names, types, labels and buckets, so that what was made for vLLM (dashboards, autoscalers,
/// routers, the Kubernetes Gateway API Inference Extension) works unchanged.
///
/// It is the engine's observer; gauges and totals are taken from the engine at each scrape.
package final class EngineReport: EngineObserver {
    private let labels: (model: String, engine: String)
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

    /// Metrics of the engine that answers as `model` with contexts of up to `contextLength` tokens.
    package init(_ registry: MetricsRegistry, model: String, contextLength: Int) {
        labels = (model, "0")
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
        // Rates and alerts need a first value of each.
        for reason in ["stop", "length", "abort", "error"] { _ = finished[labels.model, labels.engine, reason] }
        for family in [
            timeToFirstToken, interToken, timePerToken, endToEnd, queue, inference, prefill, decode, promptTokens,
            generatedTokens, maxGeneratedTokens, maxTokens, choices,
        ] {
            _ = family[labels.model, labels.engine]
        }
    }

    /// Lets scrapes look at the engine, once it is there.
    package func follow(_ engine: Engine, on registry: MetricsRegistry) {
        totals.follow(engine, on: registry)
    }

    package func drewFirstToken(after duration: Duration) { observe(timeToFirstToken, duration) }

    package func drewToken(after duration: Duration) { observe(interToken, duration) }

    package func finished(_ request: GenerationRequest, _ summary: GenerationSummary) {
        count(summary.finishReason.metricLabel)
        // Work in the background waits for all other work, and would look like a service that is slow.
        guard !request.isBackground else { return }
        let timings = summary.timings
        observe(endToEnd, timings.total)
        timings.queue.map { observe(queue, $0) }
        timings.prefill.map { observe(prefill, $0) }
        if let decoding = timings.decode {
            observe(decode, decoding)
            if summary.generatedTokens > 1 { observe(timePerToken, decoding / (summary.generatedTokens - 1)) }
        }
        timings.scheduled.map { observe(inference, timings.finished - $0) }
        let (model, engine) = labels
        promptTokens[model, engine].observe(Double(summary.promptTokens))
        generatedTokens[model, engine].observe(Double(summary.generatedTokens))
        maxGeneratedTokens[model, engine].observe(Double(summary.generatedTokens))
        request.maxNewTokens.map { maxTokens[model, engine].observe(Double($0)) }
    }

    package func failed(_ request: GenerationRequest, _ error: EngineError) { count("error") }

    /// A client's request for so many answers was taken.
    func admitted(choices count: Int) { choices[labels.model, labels.engine].observe(Double(count)) }

    /// A request was refused for a reason out of a small set.
    func rejected(_ reason: String) { rejections[labels.model, labels.engine, reason].increment() }

    private func count(_ reason: String) { finished[labels.model, labels.engine, reason].increment() }

    private func observe(_ family: Family<Histogram>, _ duration: Duration) {
        family[labels.model, labels.engine].observe(duration / .seconds(1))
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
