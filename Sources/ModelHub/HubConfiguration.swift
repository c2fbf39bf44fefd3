package import FoundationEssentials
import HTTPTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the hub is, who we are there, and where what it gives is kept.
package struct HubConfiguration: Sendable {
    /// The hub or mirror: scheme, host, optional port and path.
    package var endpoint: URL
    /// Sent to the endpoint's own origin and to nobody else.
    package var token: String?
    /// The folder that holds `models--OWNER--NAME` folders.
    package var cacheFolder: String
    /// Use what is in the cache and never the network.
    package var isOffline = false
    /// Pull README and LICENSE files too.
    package var includesDocumentation = false
    /// How long a connection may take to open, in seconds.
    package var connectTimeout: Duration = .seconds(10)
    /// How long the server may stay silent, in seconds; a transfer that moves is never cut.
    package var idleTimeout: Duration = .seconds(30)
    /// How long a listing or the description of a file may take in all.
    package var answerTimeout: Duration = .seconds(60)
    package var retry = RetryPolicy()
    /// Files that are transferred at the same time.
    package var concurrentTransfers = 4

    package init(
        endpoint: URL = defaultEndpoint,
        token: String? = nil,
        cacheFolder: String
    ) throws(HubError) {
        guard Origin(endpoint) != nil, endpoint.query() == nil, endpoint.fragment() == nil, endpoint.user() == nil
        else {
            throw HubError(
                .invalidConfiguration,
                "the hub's address \"\(endpoint.absoluteString.shortened)\" is not a plain http or https address: set HF_ENDPOINT to one"
            )
        }
        guard token?.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) ?? true else {
            throw HubError(
                .invalidConfiguration,
                "the hub's token has spaces or control characters in it: set HF_TOKEN to the token alone"
            )
        }
        self.endpoint = endpoint
        self.token = token
        self.cacheFolder = cacheFolder
    }

    /// The public hub.
    package static let defaultEndpoint: URL = {
        guard let url = URL(string: "https://huggingface.co") else { preconditionFailure("a constant address") }
        return url
    }()

    /// The settings that the hub's Python tools would use in the same environment.
    ///
    /// Reads `HF_ENDPOINT`, `HF_TOKEN` (else the file `HF_TOKEN_PATH`, else `HF_HOME/token`), `HF_HUB_CACHE` (else
    /// `HF_HOME/hub`, else `XDG_CACHE_HOME/huggingface/hub`, else `~/.cache/huggingface/hub`) and `HF_HUB_OFFLINE`.
    /// Throws `.invalidConfiguration` for an endpoint or token that cannot be used.
    package static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(HubError) -> HubConfiguration {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        func isOn(_ name: String) -> Bool {
            ["1", "ON", "YES", "TRUE"].contains((environment[name] ?? "").uppercased())
        }
        let userFolder = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
        func expand(_ path: String) -> String {
            path == "~" || path.hasPrefix("~/") ? userFolder + path.dropFirst() : path
        }
        let hubFolder = expand(
            value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? "\(userFolder)/.cache") + "/huggingface"
        )
        var endpoint = defaultEndpoint
        if let text = value("HF_ENDPOINT") {
            guard let url = URL(string: String(text.reversed().drop { $0 == "/" }.reversed())) else {
                throw HubError(.invalidConfiguration, "HF_ENDPOINT is \"\(text.shortened)\", which is not an address")
            }
            endpoint = url
        }
        var token = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")?.trimmed
        if token == nil, !isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            token = BoundedFile.read(expand(value("HF_TOKEN_PATH") ?? "\(hubFolder)/token"), limit: 4096)?.trimmed
        }
        var configuration = try HubConfiguration(
            endpoint: endpoint,
            token: token?.isEmpty == false ? token : nil,
            cacheFolder: expand(value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? "\(hubFolder)/hub")
        )
        configuration.isOffline = isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE")
        return configuration
    }
}

extension String {
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace || $0.isNewline }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
