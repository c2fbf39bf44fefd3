import Foundation
import HTTPTypes

/// Which names the server answers to, and which pages may ask it.
///
/// A page of a stranger reaches a server on this machine through the visitor's browser: by its own name, bound to
/// 127.0.0.1 for a moment, or by a request to localhost. The first shows in Host, the second in Origin. A server on a
/// network is reached in the same two ways, and where it has no keys nothing else stops such a page.
struct OriginRules: Sendable {
    private enum Names {
        /// A stranger's page has no key.
        case all
        /// Addresses, and names that nobody can register: no stranger's page is at one of them.
        case unregistered
        case listed
    }

    private let names: Names
    private let hosts: Set<String>
    private let isLoopback: Bool
    private let origins: Set<String>

    /// `hasKeys` says whether requests need a key.
    init(_ configuration: ServerConfiguration, hasKeys: Bool) {
        func name(_ text: String) -> String { Authority(text)?.host ?? text.lowercased() }
        isLoopback = configuration.isLoopback
        let given = configuration.allowedHosts.map(name)
        names = isLoopback || !given.isEmpty ? .listed : hasKeys ? .all : .unregistered
        hosts = Set(given + [name(configuration.host), name("[\(configuration.host)]")])
        origins = Set(configuration.allowedOrigins.compactMap(Self.origin))
    }

    /// Throws for a name that no Host can be, and an origin that no page has.
    static func check(_ configuration: ServerConfiguration) throws(Server.Failure) {
        for host in configuration.allowedHosts where Authority(host) == nil {
            throw Server.Failure(
                "--allowed-host: '\(host.escaped(limit: 200))' is no name of a host, such as chat.example.org"
            )
        }
        for origin in configuration.allowedOrigins where Self.origin(origin) == nil {
            throw Server.Failure(
                "--cors-origin: '\(origin.escaped(limit: 200))' is no origin, such as https://chat.example.org, without a path; * is all"
            )
        }
    }

    /// An origin as browsers write it, without the port that its scheme has anyway; nil for what is none.
    private static func origin(_ text: String) -> String? {
        let text = text.lowercased()
        if text == "*" || text == "null" { return text }
        let parts = text.components(separatedBy: "://")
        guard parts.count == 2, !parts[0].isEmpty, let place = Authority(parts[1]) else { return nil }
        return place.port == ["http": 80, "https": 443][parts[0]] ? "\(parts[0])://\(place.host)" : text
    }

    /// Throws a 421 for a name that is not the server's.
    func checkHost(_ authority: String?) throws(APIError) {
        if names == .all { return }
        guard let authority = authority.flatMap({ Authority($0) }), isOwn(authority) else {
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
        if let host, Self.isSame(origin, host) { return }
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

    private func isOwn(_ authority: Authority) -> Bool {
        if hosts.contains(authority.host) || (isLoopback && authority.isLoopback) { return true }
        return names == .unregistered && (authority.isAddress || authority.isUnregistered)
    }

    /// Whether a page of this origin is the server's own, under the name in Host.
    private static func isSame(_ origin: String, _ host: String) -> Bool {
        guard let start = ["http://", "https://"].first(where: { origin.lowercased().hasPrefix($0) }),
            let page = Authority(origin.dropFirst(start.count)), let own = Authority(host)
        else { return false }
        let port = start == "http://" ? 80 : 443
        return page.host == own.host && (page.port ?? port) == (own.port ?? port)
    }
}

extension Authority {
    /// Whether the name is one that no public registry gives out: a machine's own, or below a domain that is kept for
    /// private networks (RFC 6761, 6762, 8375; `.internal` and `.lan` by use).
    fileprivate var isUnregistered: Bool {
        guard let dot = host.lastIndex(of: ".") else { return true }
        if host.hasSuffix(".home.arpa") { return true }
        // The domain of services within a Kubernetes cluster.
        if host.hasSuffix(".svc") || host.hasSuffix(".svc.cluster.local") { return true }
        return ["internal", "lan", "local", "localhost", "test"].contains(host[host.index(after: dot)...])
    }
}
