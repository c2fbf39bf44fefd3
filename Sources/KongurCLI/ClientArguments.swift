import ArgumentParser
import Foundation
import Kongur
import OpenAIClient

/// The options of commands that can ask a server instead of running a model.
struct ClientArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask the server at this address, whoever made it, as long as it speaks OpenAI's API; /v1 is added where there is no path.",
            valueName: "url"
        )
    )
    var server: String?

    @Option(
        name: .customLong("model"),
        help: ArgumentHelp(
            "The server's name of the model; the first that it lists where not given.",
            valueName: "name"
        )
    )
    var modelName: String?

    @Option(
        help: ArgumentHelp(
            "The server's API key. Others on this machine can read command lines; OPENAI_API_KEY is taken where this is not given.",
            valueName: "key"
        )
    )
    var apiKey: String?

    func validate() throws {
        if server == nil, modelName != nil || apiKey != nil {
            throw ValidationError("--model and --api-key are for a server: give its address with --server.")
        }
    }

    /// The key that the environment gives.
    static var environmentKey: String? {
        ProcessInfo.processInfo.environment["OPENAI_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Calls `body` with a client of the server at `address` and the name of the model to ask.
    ///
    /// Throws `KongurError`, also when the server lists no model and none is given.
    func withClient(
        of address: String,
        connections: Int = 8,
        _ body: (ModelServerClient, _ model: String) async throws -> Void
    ) async throws {
        do {
            try await ModelServerClient.with(
                ServerAddress(address),
                key: apiKey ?? Self.environmentKey,
                connections: connections
            ) { client in
                try await body(client, model(client))
            }
        } catch {
            throw KongurError(asking: error)
        }
    }

    private func model(_ client: ModelServerClient) async throws -> String {
        if let modelName { return modelName }
        guard let first = try await client.models().first else {
            throw KongurError(.modelNotFound, "\(client.address) lists no model: name one with --model")
        }
        return first
    }
}

extension KongurError {
    /// What an error of asking a server means.
    init(asking error: any Error) {
        guard let error = error as? OpenAIClientError else {
            self.init(error)
            return
        }
        let code: Code =
            switch error.code {
            case .invalidAddress, .invalidKey: .invalidInput
            case .cancelled: .cancelled
            case .refused, .invalidResponse, .unreachable, .timedOut, .connectionLost, .brokenOff,
                .insecureConnection:
                .networkFailed
            }
        self.init(code, error.message, cause: error)
    }
}
