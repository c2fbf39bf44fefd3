import DeviceRuntime
import Hummingbird
import InferenceEngine

/// What SGLang's servers tell routers and clients of themselves: `/server_info` and `/model_info`, and by the names that they
/// had before, `/get_server_info` and `/get_model_info`.
struct InfoRoutes: Sendable {
    let model: ServedModel
    let version: String

    private struct ModelInfo: Encodable {
        var modelPath: String
        var tokenizerPath: String
        var servedModelName: String
        var isGeneration = true
        @Nullable var modelType: String?
        @Nullable var architectures: [String]?
        var maxContextLength: Int
        var hasImageUnderstanding = false
        var hasAudioUnderstanding = false
        var weightVersion = "default"
    }

    private struct ServerInfo: Encodable {
        /// What one engine is doing.
        struct EngineState: Encodable {
            var maxRunningRequests: Int
            var numRunningReqs: Int
            var numWaitingReqs: Int
            /// The share of the cache that is held.
            var tokenUsage: Double
        }

        var status: String
        var version: String
        var modelPath: String
        var tokenizerPath: String
        var servedModelName: String
        @Nullable var modelType: String?
        var contextLength: Int
        var maxTotalNumTokens: Int
        var maxTotalTokens: Int
        var maxRunningRequests: Int
        /// Devices share the requests among them; no client chooses one.
        var dpSize = 1
        var tpSize = 1
        var internalStates: [EngineState]
    }

    func add(to router: Router<ServerContext>) {
        for path: RouterPath in ["/server_info", "/get_server_info"] {
            router.get(path) { _, _ in try Response(json: serverInfo) }
        }
        for path: RouterPath in ["/model_info", "/get_model_info"] {
            router.get(path) { _, _ in try Response(json: modelInfo) }
        }
    }

    private var modelInfo: ModelInfo {
        ModelInfo(
            modelPath: model.path,
            tokenizerPath: model.path,
            servedModelName: model.name,
            modelType: model.architecture.modelType,
            architectures: model.architecture.architectures,
            maxContextLength: model.limits.contextLength
        )
    }

    private var serverInfo: ServerInfo {
        let group = model.engine
        let tokens = group.metrics.cacheBlocks * group.model.cache.blockSize
        return ServerInfo(
            status: group.engines.allSatisfy(\.isLost) ? "unhealthy" : "ready",
            version: version,
            modelPath: model.path,
            tokenizerPath: model.path,
            servedModelName: model.name,
            modelType: model.architecture.modelType,
            contextLength: model.limits.contextLength,
            maxTotalNumTokens: tokens,
            maxTotalTokens: tokens,
            maxRunningRequests: group.maxSequences,
            internalStates: group.engines.map { engine in
                let metrics = engine.metrics
                return ServerInfo.EngineState(
                    maxRunningRequests: group.maxSequences / max(1, group.engines.count),
                    numRunningReqs: metrics.runningRequests,
                    numWaitingReqs: metrics.waitingRequests,
                    tokenUsage: metrics.cacheUsage
                )
            }
        )
    }
}
