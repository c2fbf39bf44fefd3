import Foundation
import InferenceEngine
import KongurTesting
import Logging
import ResponseCaching
import TextGeneration
import Tokenizers

@testable import OpenAIServer

/// A server in this process that answers as `scripted`, on devices that do what a test wants.
struct ScriptedServer: Sendable {
    let port: Int

    /// Serves for as long as `body` runs; `engine` is made with the observers of the server's metrics.
    static func run(
        _ devices: [ScriptedDevice],
        _ configuration: EngineConfiguration = EngineConfiguration(cacheBlocks: 256),
        contextLength: Int = 256,
        _ body: (ScriptedServer) async throws -> Void
    ) async throws {
        let metrics = ServerMetrics(model: "scripted", contextLength: contextLength)
        let model = ServedModel(
            names: ["scripted"],
            generator: TextGenerator(
                tokenizer: try ByteTokenizer.load(),
                template: try ChatTemplate(source: ByteTokenizer.template),
                engine: try EngineGroup(
                    model: .scripted(vocabularySize: ByteTokenizer.vocabularySize, contextLength: contextLength),
                    devices: devices,
                    configuration: configuration,
                    observer: metrics.engine.observer
                )
            ),
            defaults: .greedy,
            created: 0,
            digest: ""
        )
        var settings = ServerConfiguration()
        settings.port = 0
        settings.responseCache = .off
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let resources = try await ServerResources(settings, logger)
        let server = Server(model, resources, metrics: metrics, version: "0", logger: logger)
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let running = Task {
            try await server.run { address in found.yield(Int(address.split(separator: ":").last ?? "") ?? 0) }
        }
        defer { running.cancel() }
        guard let port = await ports.first(where: { _ in true }) else {
            throw ServerFailure(description: "the server did not start")
        }
        try await body(ScriptedServer(port: port))
    }

    /// A request with a body, or without one.
    func ask(
        _ method: String,
        _ path: String,
        _ headers: [String: String] = [:],
        _ body: String? = nil
    ) async throws -> Reply {
        let message = RunningServer.message(method, path, headers, body: body.map { Data($0.utf8) })
        return try await blocking { [port] in
            let client = try Client(port: port)
            try client.send(message)
            return try Reply(client.readToEnd())
        }
    }
}
