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
    private let memory: Family<Gauge>
    private let threads: Family<Gauge>
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
        memory = registry.gauge(
            "kongur_device_memory_bytes",
            "Memory that the model holds, by what it is for: weights, cache or work.",
            labels: ["model_name", "device", "owner"]
        )
        threads = registry.gauge(
            "kongur_device_threads",
            "Threads that the device computes with.",
            labels: ["model_name", "device"]
        )
        cacheBlocks = registry.gauge(
            "kongur_cache_blocks",
            "Blocks of the key/value cache, by state: free or held.",
            labels: ["model_name", "state"]
        )
    }

    func follow(_ engine: Engine, on registry: MetricsRegistry) {
        let layout = engine.model.cache
        cacheConfiguration[
            "\(layout.blockSize)",
            "\(engine.limits.blockCount)",
            layout.elementType.rawValue,
            engine.limits.prefixCaching ? "True" : "False",
            "0",
        ].set(1)
        registry.onScrape { [weak self, weak engine] in
            if let self, let engine { self.take(engine) }
        }
    }

    private func take(_ engine: Engine) {
        let metrics = engine.metrics
        let statistics = engine.device.statistics
        running[model, "0"].set(metrics.runningRequests)
        waiting[model, "0"].set(metrics.waitingRequests)
        waitingByReason[model, "0", "capacity"].set(metrics.waitingRequests)
        waitingByReason[model, "0", "deferred"].set(0)
        for gauge in cacheUsage { gauge[model, "0"].set(metrics.cacheUsage) }
        adapters["0", "", ""].set(0)
        promptTokens[model, "0"].follow(metrics.promptTokens)
        cachedTokens[model, "0"].follow(metrics.cachedPromptTokens)
        generatedTokens[model, "0"].follow(metrics.generatedTokens)
        for counter in queries { counter[model, "0"].follow(metrics.promptTokens) }
        for counter in hits { counter[model, "0"].follow(metrics.cachedPromptTokens) }
        preemptions[model, "0"].follow(metrics.preemptions)
        drafts[model, "0"].follow(metrics.drafts)
        draftTokens[model, "0"].follow(metrics.draftTokens)
        acceptedTokens[model, "0"].follow(metrics.acceptedTokens)
        stepTokens[model, "0"].follow(counts: metrics.stepTokenCounts, sum: Double(metrics.stepTokens))
        for (owner, bytes) in [
            ("weights", statistics.weightByteCount), ("cache", statistics.stateByteCount),
            ("work", statistics.arenaByteCount),
        ] {
            memory[model, engine.device.name, owner].set(bytes)
        }
        threads[model, engine.device.name].set(statistics.threadCount)
        cacheBlocks[model, "free"].set(metrics.freeCacheBlocks)
        cacheBlocks[model, "held"].set(metrics.cacheBlocks - metrics.freeCacheBlocks)
    }
}
