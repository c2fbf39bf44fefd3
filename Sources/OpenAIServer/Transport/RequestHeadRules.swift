import HTTPTypes
import NIOHTTP1

/// What RFC 9112 asks of a request's head beyond what the parser holds it to.
///
/// A head that two servers could read differently is refused: what a proxy passes on as one request must not become two here.
enum RequestHeadRules {
    /// The head with its target in origin form and the host that it is for in Host.
    ///
    /// Throws a 400, and a 501 for a transfer coding other than `chunked`.
    static func checked(_ head: HTTPRequestHead) throws(APIError) -> HTTPRequestHead {
        for (name, value) in head.headers {
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw bad("the header \(name.escaped(limit: 100)) has a line break or a control character")
            }
        }
        try checkLength(head)
        return try withTarget(head)
    }

    /// Whether a body follows the head.
    static func hasBody(_ head: HTTPRequestHead) -> Bool {
        if head.headers.contains(name: "transfer-encoding") { return true }
        return head.headers.first(name: "content-length").map { $0 != "0" } ?? false
    }

    private static func checkLength(_ head: HTTPRequestHead) throws(APIError) {
        let (lengths, codings) = (head.headers["content-length"], head.headers["transfer-encoding"])
        guard lengths.count <= 1 else { throw bad("there is more than one Content-Length") }
        if let length = lengths.first {
            guard !length.isEmpty, length.utf8.allSatisfy({ (0x30...0x39).contains($0) }), Int(length) != nil else {
                throw bad("Content-Length is no number of bytes")
            }
        }
        guard !codings.isEmpty else { return }
        guard lengths.isEmpty else { throw bad("Content-Length and Transfer-Encoding exclude each other") }
        guard head.version.minor >= 1 else { throw bad("HTTP/1.0 has no Transfer-Encoding: give a Content-Length") }
        guard codings.count == 1, codings[0].lowercased() == "chunked" else {
            throw APIError(
                .notImplemented,
                type: "invalid_request_error",
                "the only transfer coding is 'chunked'",
                code: "bad_request"
            )
        }
    }

    private static func withTarget(_ head: HTTPRequestHead) throws(APIError) -> HTTPRequestHead {
        let hosts = head.headers["host"]
        guard hosts.count <= 1 else { throw bad("there is more than one Host") }
        guard !hosts.isEmpty || head.version.minor == 0 else { throw bad("there is no Host") }
        if let host = hosts.first, !host.isEmpty, Authority(host) == nil {
            throw bad("Host is no name or address with an optional port")
        }
        guard !head.uri.contains("#") else { throw bad("the target has a fragment") }
        var head = head
        if head.uri.hasPrefix("/") || (head.uri == "*" && head.method == .OPTIONS) { return head }
        guard let start = ["http://", "https://"].first(where: { head.uri.lowercased().hasPrefix($0) }) else {
            throw bad("the target is no path")
        }
        // The host of an absolute target is meant, whatever Host says.
        let rest = head.uri.dropFirst(start.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard Authority(authority) != nil else { throw bad("the target names no host") }
        let path = rest[authority.endIndex...]
        head.uri = path.hasPrefix("/") ? String(path) : "/\(path)"
        head.headers.replaceOrAdd(name: "host", value: String(authority))
        return head
    }

    /// What a parser's error means for the client.
    static func refusal(_ error: HTTPParserError) -> APIError {
        switch error {
        case .headerOverflow:
            APIError(
                HTTPResponse.Status(code: 431, reasonPhrase: "Request Header Fields Too Large"),
                type: "invalid_request_error",
                "the request's head is too long: at most 16 KiB for the target and for each header, 32 KiB and 100 headers in all",
                code: "headers_too_large"
            )
        case .invalidVersion:
            APIError(
                HTTPResponse.Status(code: 505, reasonPhrase: "HTTP Version Not Supported"),
                type: "invalid_request_error",
                "this server speaks HTTP/1.1 and HTTP/1.0",
                code: "bad_request"
            )
        default: bad("this is no HTTP request: \(error)")
        }
    }

    private static func bad(_ message: String) -> APIError {
        .invalid(nil, message, code: "bad_request")
    }
}
