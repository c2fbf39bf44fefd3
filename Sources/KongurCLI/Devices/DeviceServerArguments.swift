import ArgumentParser
import Foundation
import Kongur
import OpenAIClient

/// The options of commands that look at devices.
struct DeviceServerArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Look at the devices of Kongur's server at this address instead.",
            valueName: "url"
        )
    )
    var server: String?

    @Option(
        help: ArgumentHelp(
            "The server's API key. Others on this machine can read command lines; OPENAI_API_KEY is taken where this is not given.",
            valueName: "key"
        )
    )
    var apiKey: String?

    @Option(
        help: ArgumentHelp(
            "The devices of this machine to look at, as serve takes them.",
            valueName: "names"
        )
    )
    var device: String?

    func validate() throws {
        if server == nil, apiKey != nil {
            throw ValidationError("--api-key is for a server: give its address with --server.")
        }
        if server != nil, device != nil {
            throw ValidationError(
                "--device is for this machine; --server shows the devices that it was started with."
            )
        }
    }

    /// Calls `body` with where to look; throws `KongurError`.
    func withSource(_ body: (DeviceSource) async throws -> Void) async throws {
        guard let server else { return try await body(DeviceSource(devices: device ?? "cpu")) }
        do {
            try await ModelServerClient.with(
                ServerAddress(server),
                key: apiKey ?? ClientArguments.environmentKey
            ) {
                try await body(DeviceSource($0))
            }
        } catch {
            throw KongurError(asking: error)
        }
    }
}
