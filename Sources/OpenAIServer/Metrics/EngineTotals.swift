import DeviceRuntime
import InferenceEngine
import PrometheusMetrics
import Tensors

/// What the engine counts and holds, taken from it at each scrape.
final class EngineTotals: Sendable {
    static let labels = ["model_name", "engine"]

    private let model: String
    private let running: Family<Gauge>
    private let waiting: Family<Gauge>
    private let waitingByReason: Family<Gauge>
    private let cacheUsage: [Family<Gauge>]
    private let cacheConfiguration: Family<Gauge>
    private let adapters: Family<Gauge>
    private let promptTokens: Family<Counter>
    private let cachedTokens: Family<Counter>
    private let generatedTokens: Family<Counter>
    private let queries: [Family<Counter>]
    private let hits: [Family<Counter>]
    private let preemptions: Family<Counter>
    private let drafts: Family<Counter>
    private let draftTokens: Family<Counter>
    private let acceptedTokens: Family<Counter>
    private let stepTokens: Family<Histogram>
    private let devices: DeviceReport
    private let cacheBlocks: Family<Gauge>

    init(_ registry: MetricsRegistry, model: String) {
        self.model = model
        func gauge(_ name: String, _ help: String, _ more: [String] = []) -> Family<Gauge> {
            registry.gauge(name, help, labels: Self.labels + more)
        }
        func counter(_ name: String, _ help: String) -> Family<Counter> {
            registry.counter("vllm:\(name)_total", help, labels: Self.labels)
        }
        running = gauge("vllm:num_requests_running", "Number of requests in model execution batches.")
        waiting = gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.")
        waitingByReason = gauge(
            "vllm:num_requests_waiting_by_reason",
            "Number of waiting requests by reason.",
            ["reason"]
        )
        // The second name is the one of older versions, which routers still read.
        let usage = "KV-cache usage. 1 means 100 percent usage."
        cacheUsage = [gauge("vllm:kv_cache_usage_perc", usage), gauge("vllm:gpu_cache_usage_perc", usage)]
        cacheConfiguration = registry.gauge(
            "vllm:cache_config_info",
            "Information of the LLMEngine CacheConfig",
            labels: ["block_size", "num_gpu_blocks", "cache_dtype", "enable_prefix_caching", "engine"]
        )
        adapters = registry.gauge(
            "vllm:lora_requests_info",
            "Running stats on lora requests.",
            labels: ["max_lora", "running_lora_adapters", "waiting_lora_adapters"]
        )
        promptTokens = counter("prompt_tokens", "Number of prefill tokens processed.")
        cachedTokens = counter("prompt_tokens_cached", "Number of prompt tokens that were in the prefix cache.")
        generatedTokens = counter("generation_tokens", "Number of generation tokens processed.")
        let (asked, found) = (
            "Prefix cache queries, in terms of number of queried tokens.",
            "Prefix cache hits, in terms of number of cached tokens."
        )
        queries = [counter("prefix_cache_queries", asked), counter("gpu_prefix_cache_queries", asked)]
        hits = [counter("prefix_cache_hits", found), counter("gpu_prefix_cache_hits", found)]
        preemptions = counter("num_preemptions", "Cumulative number of preemption from the engine.")
        drafts = counter("spec_decode_num_drafts", "Number of spec decoding drafts.")
        draftTokens = counter("spec_decode_num_draft_tokens", "Number of draft tokens.")
        acceptedTokens = counter("spec_decode_num_accepted_tokens", "Number of accepted tokens.")
        stepTokens = registry.histogram(
            "vllm:iteration_tokens_total",
            "Histogram of number of tokens per engine_step.",
            labels: Self.labels,
            buckets: EngineMetrics.stepTokenBounds.map { Double($0) }
        )
        devices = DeviceReport(registry, model: model)
        cacheBlocks = registry.gauge(
            "kongur_cache_blocks",
            "Blocks of the key/value cache, by state: free or held.",
            labels: Self.labels + ["state"]
        )
    }

    func follow(_ group: EngineGroup, on registry: MetricsRegistry) {
        let layout = group.model.cache
        for number in group.engines.indices {
            cacheConfiguration[
                "\(layout.blockSize)",
                "\(group.limits.blockCount)",
                layout.elementType.rawValue,
                group.limits.prefixCaching ? "True" : "False",
                "\(number)",
            ].set(1)
        }
        registry.onScrape { [weak self, weak group] in
            guard let self, let group else { return }
            for (number, engine) in group.engines.enumerated() { self.take(engine, number) }
        }
    }

    private func take(_ engine: Engine, _ number: Int) {
        let metrics = engine.metrics
        let label = "\(number)"
        devices.take(engine, number: number)
        running[model, label].set(metrics.runningRequests)
        waiting[model, label].set(metrics.waitingRequests)
        waitingByReason[model, label, "capacity"].set(metrics.waitingRequests)
        waitingByReason[model, label, "deferred"].set(0)
        for gauge in cacheUsage { gauge[model, label].set(metrics.cacheUsage) }
        adapters["0", "", ""].set(0)
        promptTokens[model, label].follow(metrics.promptTokens)
        cachedTokens[model, label].follow(metrics.cachedPromptTokens)
        generatedTokens[model, label].follow(metrics.generatedTokens)
        for counter in queries { counter[model, label].follow(metrics.promptTokens) }
        for counter in hits { counter[model, label].follow(metrics.cachedPromptTokens) }
        preemptions[model, label].follow(metrics.preemptions)
        drafts[model, label].follow(metrics.drafts)
        draftTokens[model, label].follow(metrics.draftTokens)
        acceptedTokens[model, label].follow(metrics.acceptedTokens)
        stepTokens[model, label].follow(counts: metrics.stepTokenCounts, sum: Double(metrics.stepTokens))
        cacheBlocks[model, label, "free"].set(metrics.freeCacheBlocks)
        cacheBlocks[model, label, "held"].set(metrics.cacheBlocks - metrics.freeCacheBlocks)
    }
}
