import HTTPTypes

/// Which names the server answers to, and which pages may ask it.
///
/// A page of a stranger reaches a server on this machine through the visitor's browser: by its own name, bound to
/// 127.0.0.1 for a moment, or by a request to localhost. The first shows in Host, the second in Origin.
struct OriginRules: Sendable {
    /// Nil is every name.
    private let hosts: Set<String>?
    private let origins: Set<String>

    init(_ configuration: ServerConfiguration) {
        let given = Set(configuration.allowedHosts.map { $0.lowercased() })
        let own: Set<String> = ["localhost", "127.0.0.1", "[::1]", configuration.host.lowercased()]
        hosts = configuration.isLoopback ? given.union(own) : given.isEmpty ? nil : given
        origins = Set(configuration.allowedOrigins)
    }

    /// Throws a 421 for a name that is not the server's.
    func checkHost(_ authority: String?) throws(APIError) {
        guard let hosts else { return }
        guard let authority, hosts.contains(Self.name(authority)) else {
            throw APIError(
                .misdirectedRequest,
                type: "invalid_request_error",
                "this server does not answer to the name in Host: add it with --allowed-host",
                code: "host_not_allowed"
            )
        }
    }

    /// Throws a 403 for a page that may not ask; the server's own pages may.
    func checkOrigin(_ origin: String, host: String?) throws(APIError) {
        if origins.contains("*") || origins.contains(origin) { return }
        if let host, origin == "http://\(host)" || origin == "https://\(host)" { return }
        throw APIError(
            .forbidden,
            type: "invalid_request_error",
            "pages of this origin may not ask: add it with --cors-origin",
            code: "origin_not_allowed"
        )
    }

    func headers(_ origin: String) -> HTTPFields {
        [
            .accessControlAllowOrigin: origins.contains("*") ? "*" : origin,
            .vary: "Origin",
            .accessControlExposeHeaders: "X-Request-Id, Retry-After, X-Kongur-Cache, X-Kongur-Hint",
        ]
    }

    func preflight(_ origin: String) -> HTTPFields {
        var fields = headers(origin)
        fields[.accessControlAllowMethods] = "GET, POST, DELETE"
        // Clients add headers of their own, such as X-Stainless-*; keys are the only ones that grant anything.
        fields[.accessControlAllowHeaders] = "*, Authorization, Content-Type, X-Api-Key, X-Request-Id"
        fields[.accessControlMaxAge] = "600"
        return fields
    }

    /// The name in `name:port`.
    private static func name(_ authority: String) -> String {
        let text = authority.lowercased()
        if text.hasPrefix("[") { return text.firstIndex(of: "]").map { String(text[...$0]) } ?? text }
        return String(text.prefix { $0 != ":" })
    }
}
