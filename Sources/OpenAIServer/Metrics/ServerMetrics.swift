import InferenceEngine
import PrometheusMetrics

/// All metrics of a server, and who counts them.
package struct ServerMetrics: Sendable {
    let registry: MetricsRegistry
    /// Makes the observers that the engines must be made with.
    package let engine: EngineReport
    let http: HTTPReport
    let cache: CacheReport
    let batches: BatchReport

    /// Metrics of a server that answers as `model` with contexts of up to `contextLength` tokens.
    package init(model: String, contextLength: Int) {
        registry = MetricsRegistry()
        engine = EngineReport(registry, model: model, contextLength: contextLength)
        http = HTTPReport(registry)
        cache = CacheReport(registry, model: model)
        batches = BatchReport(registry, model: model)
    }

    /// Begins to look at the engine and at the process.
    func follow(_ engine: EngineGroup, version: String) {
        self.engine.follow(engine, on: registry)
        ProcessReport(registry, version: version).follow(on: registry)
    }
}
