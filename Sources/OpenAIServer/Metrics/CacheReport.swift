import PrometheusMetrics
import ResponseCaching

/// Counts where answers come from, of requests whose answers can be kept.
struct CacheReport: Sendable {
    private let hits: Counter
    private let misses: Counter
    private let shared: Counter
    private let errors: Counter
    private let registry: MetricsRegistry
    private let model: String

    init(_ registry: MetricsRegistry, model: String) {
        self.registry = registry
        self.model = model
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("kongur_response_cache_\(name)_total", help, labels: ["model_name"])[model]
        }
        hits = counter("hits", "Requests that were answered from the response cache.")
        misses = counter("misses", "Requests whose answers were computed and could then be kept.")
        shared = counter("shared", "Requests that got the answers which were being computed for another one.")
        errors = counter("errors", "Calls of the response cache that failed or took too long.")
    }

    /// Begins to look at what a cache holds, where that is on this machine.
    func follow(_ cache: any ResponseCache) {
        guard cache.heldByteCount != nil else { return }
        let help = "Bytes that the response cache takes in memory or in its file."
        let bytes = registry.gauge("kongur_response_cache_bytes", help, labels: ["model_name"])[model]
        registry.onScrape { cache.heldByteCount.map { bytes.set($0) } }
    }

    func opened(_ origin: AnswerCache.Origin) {
        switch origin {
        case .hit: hits.increment()
        case .miss: misses.increment()
        case .shared: shared.increment()
        }
    }

    /// The cache could not do what it was asked.
    func failed() { errors.increment() }
}
