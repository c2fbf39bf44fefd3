#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where a Redis server listens, and as whom to speak to it.
package struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    package enum Endpoint: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package var endpoint: Endpoint
    package var user: String?
    package var password: String?
    package var database = 0

    /// Parses `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]` or `unix:///PATH[?db=DATABASE&password=PASSWORD]`, as
    /// Redis' own clients write them.
    ///
    /// Throws `.invalidLocation` without repeating the text, which may hold a password.
    package init(parsing text: String) throws(CacheError) {
        guard let url = URLComponents(string: text) else { throw Self.invalid("is no URL") }
        switch url.scheme {
        case "redis":
            guard let host = url.host, !host.isEmpty else { throw Self.invalid("names no host") }
            let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
            let port = url.port ?? 6379
            guard (1...65535).contains(port) else { throw Self.invalid("has a port that is none") }
            endpoint = .tcp(host: bare, port: port)
            user = url.user.flatMap { $0.isEmpty ? nil : $0 }
            password = url.password
            let path = url.path.drop { $0 == "/" }
            if !path.isEmpty { database = try Self.database(path) }
            guard url.queryItems?.isEmpty ?? true else { throw Self.invalid("has a query, which means nothing here") }
        case "unix":
            guard url.host?.isEmpty ?? true, url.path.hasPrefix("/"), url.path.utf8.count > 1 else {
                throw Self.invalid("names no absolute path of a socket: write unix:///PATH")
            }
            endpoint = .unix(path: url.path)
            for item in url.queryItems ?? [] {
                switch item.name {
                case "db": database = try Self.database(item.value ?? "")
                case "password": password = item.value
                default: throw Self.invalid("has a query other than db and password")
                }
            }
        case "rediss": throw Self.invalid("asks for TLS, which is not supported: put a tunnel before it")
        default: throw Self.invalid("begins with neither redis:// nor unix://")
        }
    }

    private static func database(_ text: some StringProtocol) throws(CacheError) -> Int {
        guard let number = Int(text), number >= 0 else { throw invalid("has a database that is no number") }
        return number
    }

    private static func invalid(_ reason: String) -> CacheError {
        CacheError(.invalidLocation, "the address of Redis \(reason)")
    }

    /// Without the password.
    package var description: String {
        switch endpoint {
        case .tcp(let host, let port): "redis://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
        case .unix(let path): "unix://\(path)?db=\(database)"
        }
    }

    /// What to say first on a connection.
    var greeting: [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password { commands.append(RedisCommand(["AUTH"] + (user.map { [$0] } ?? []) + [password])) }
        if database != 0 { commands.append(RedisCommand(["SELECT", String(database)])) }
        return commands
    }
}
