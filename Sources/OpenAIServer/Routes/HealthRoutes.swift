import HTTPTypes
import Hummingbird
import InferenceEngine

/// Whether the server lives, takes requests, and what it is; `/admin/status` tells what it is doing.
struct HealthRoutes: Sendable {
    let model: ServedModel
    let admission: Admission
    let monitor: ProgressMonitor
    let keys: KeyRing
    let version: String

    private struct State: Encodable {
        var status: String
    }

    private struct Live: Encodable {
        var live: Bool
    }

    private struct Ready: Encodable {
        var ready: Bool
    }

    private struct Version: Encodable {
        var version: String
    }

    /// KServe's server metadata.
    private struct Metadata: Encodable {
        var name = "kongur"
        var version: String
        var extensions: [String] = []
    }

    /// KServe's model metadata; inference goes by OpenAI's protocol, so there are no tensors to describe.
    private struct ModelMetadata: Encodable {
        var name: String
        var platform = "kongur"
        var inputs: [String] = []
        var outputs: [String] = []
    }

    private struct Status: Encodable {
        /// Answers that were let in and are not complete.
        var admitted: Int
        var running: Int
        var waiting: Int
        var waitingTokens: Int
        var cacheBlocks: Int
        var freeCacheBlocks: Int
        var cacheUsage: Double
        var promptTokens: Int
        var cachedPromptTokens: Int
        var generatedTokens: Int
        var preemptions: Int
        var draining: Bool
        /// Devices that the model is on, and how many of them have failed.
        var devices: Int
        var lostDevices: Int
    }

    /// Routes that are open to everybody.
    static let open: Set<String> = [
        "/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready",
    ]

    func add(to router: Router<ServerContext>) {
        router.get("/health") { _, _ in try state(isReady) }
        router.get("/health/live") { _, _ in try state(monitor.isLive()) }
        router.get("/health/ready") { _, _ in try state(isReady) }
        router.get("/v2/health/live") { _, _ in
            try Response(json: Live(live: monitor.isLive()), status: Self.status(monitor.isLive()))
        }
        router.get("/v2/health/ready") { _, _ in try Response(json: Ready(ready: isReady), status: Self.status(isReady))
        }
        router.get("/v2/models/:model") { _, context in
            try model.check(context.parameters.get("model") ?? "")
            return try Response(json: ModelMetadata(name: model.name))
        }
        router.get("/v2/models/:model/ready") { _, context in
            try model.check(context.parameters.get("model") ?? "")
            return try Response(json: Ready(ready: isReady), status: Self.status(isReady))
        }
        router.get("/v2") { _, _ in try Response(json: Metadata(version: version)) }
        router.get("/version") { _, _ in try Response(json: Version(version: version)) }
        router.group("/admin").add(middleware: AdminMiddleware(keys: keys))
            .get("/status") { _, _ in try Response(json: status) }
    }

    private var isReady: Bool { !admission.isDraining && monitor.isLive() }

    private func state(_ isGood: Bool) throws -> Response {
        try Response(json: State(status: isGood ? "ok" : "unavailable"), status: Self.status(isGood))
    }

    private static func status(_ isGood: Bool) -> HTTPResponse.Status { isGood ? .ok : .serviceUnavailable }

    private var status: Status {
        let metrics = model.engine.metrics
        return Status(
            admitted: admission.answers,
            running: metrics.runningRequests,
            waiting: metrics.waitingRequests,
            waitingTokens: admission.waitingTokens,
            cacheBlocks: metrics.cacheBlocks,
            freeCacheBlocks: metrics.freeCacheBlocks,
            cacheUsage: metrics.cacheUsage,
            promptTokens: metrics.promptTokens,
            cachedPromptTokens: metrics.cachedPromptTokens,
            generatedTokens: metrics.generatedTokens,
            preemptions: metrics.preemptions,
            draining: admission.isDraining,
            devices: model.engine.engines.count,
            lostDevices: model.engine.engines.count(where: \.isLost)
        )
    }
}
