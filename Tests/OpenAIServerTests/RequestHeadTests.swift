import Foundation
import Testing

/// HTTP/1 as it comes over the wire: what has one meaning is answered, what could have two is refused.
@Suite(.serialized) struct RequestHeadTests {
    /// The status lines' numbers of everything that the server said until it closed the connection.
    private func statuses(_ server: RunningServer, _ text: String) async throws -> [String] {
        let said = try await server.exchange(Data(text.utf8))
        return said.matches(of: #/HTTP/1\.[01] (\d{3}) /#).map { String($0.1) }
    }

    @Test func headsWithTwoMeaningsAreRefused() async throws {
        let server = try await RunningServer("--read-timeout", "5")
        let host = "Host: localhost\r\n"
        let body = #"{"prompt":"1"}"#
        let length = "Content-Length: \(body.utf8.count)\r\n"
        for (head, status) in [
            ("GET /version HTTP/1.1\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\n\(host)\(host)\r\n", "400"),
            ("GET /version HTTP/1.1\r\n\(host)Host: evil.example\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\nHost: localhost:80@evil.example\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\nHost: [::1]evil.example\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\nHost: localhost:1:2\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\nHost: localhost/\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
            ("GET /version HTTP/1.1\r\nHost : localhost\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\n\(host)X: a\r\n b\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\n\(host)X: a\u{0}b\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\n\(host)X: a\rb\r\n\r\n", "400"),
            ("GET /version HTTP/1.1\r\n\(host): a\r\n\r\n", "400"),
            ("GET version HTTP/1.1\r\n\(host)\r\n", "400"),
            ("GET /version#part HTTP/1.1\r\n\(host)\r\n", "400"),
            ("GET ftp://localhost/version HTTP/1.1\r\n\(host)\r\n", "400"),
            ("GET http://user@localhost/version HTTP/1.1\r\n\(host)\r\n", "400"),
            ("GET http://evil.example/version HTTP/1.1\r\n\(host)\r\n", "421"),
            ("CONNECT localhost:80 HTTP/1.1\r\n\(host)\r\n", "400"),
            ("GET /version HTTP/2.0\r\n\(host)\r\n", "505"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n", "400"),
            ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\n\(host)\r\n", "431"),
            ("GET /version HTTP/1.1\r\n\(host)X: \(String(repeating: "a", count: 20_000))\r\n\r\n", "431"),
            ("POST /tokenize HTTP/1.1\r\n\(host)\(length)\(length)\r\n\(body)", "400"),
            ("POST /tokenize HTTP/1.1\r\n\(host)\(length)Content-Length: 3\r\n\r\n\(body)", "400"),
            ("POST /tokenize HTTP/1.1\r\n\(host)Content-Length: 14, 14\r\n\r\n\(body)", "400"),
            ("POST /tokenize HTTP/1.1\r\n\(host)Content-Length: +14\r\n\r\n\(body)", "400"),
            ("POST /tokenize HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\n\(body)", "400"),
            ("POST /tokenize HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n", "400"),
            ("POST /tokenize HTTP/1.1\r\n\(host)\(length)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
            ("POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\(length)\r\n0\r\n\r\n", "400"),
            ("POST /tokenize HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        ] {
            #expect(try await statuses(server, head) == [status], "\(head.prefix(120))")
        }
        // Which of the two a coding that is unknown gets is the parser's to say.
        for coding in ["gzip, chunked", "identity", "chunked, chunked", "xchunked", "chunked, gzip"] {
            let head = "POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: \(coding)\r\n\r\ne\r\n\(body)\r\n0\r\n\r\n"
            let found = try await statuses(server, head)
            #expect(found == ["400"] || found == ["501"], "\(coding): \(found)")
        }
        // The reason is said in the server's own form.
        let said = try await server.exchange(Data("GET /version HTTP/1.1\r\n\r\n".utf8))
        let reply = try Reply(Data(said.utf8))
        #expect(reply.error["message"] as? String == "there is no Host" && reply.headers["connection"] == "close")
    }

    @Test func headsWithOneMeaningAreAnswered() async throws {
        let server = try await RunningServer("--read-timeout", "5")
        let host = "Host: localhost\r\nConnection: close\r\n"
        for head in [
            "GET /version HTTP/1.1\r\n\(host)\r\n",
            "\r\nGET /version HTTP/1.1\r\n\(host)\r\n",
            "GET /version HTTP/1.1\r\nHost: LOCALHOST.:80\r\nConnection: close\r\n\r\n",
            "GET /version HTTP/1.1\r\nHost: [0:0:0:0:0:0:0:1]:8000\r\nConnection: close\r\n\r\n",
            "GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive, Close\r\n\r\n",
            "GET http://localhost:8000/version HTTP/1.1\r\n\(host)\r\n",
            // The target's host counts, and not the header's.
            "GET HTTP://localhost/version?a=b HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
            "GET /version HTTP/1.1\r\n\(host)Upgrade: h2c\r\n\r\n",
            "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n",
            "GET /health HTTP/1.0\r\n\r\n",
            "POST /tokenize HTTP/1.1\r\n\(host)Transfer-Encoding: Chunked\r\n\r\ne\r\n{\"prompt\":\"1\"}\r\n0\r\nX: y\r\n\r\n",
        ] {
            #expect(try await statuses(server, head) == ["200"], "\(head)")
        }
    }

    @Test func requestsInARowAreAnsweredInOrder() async throws {
        let server = try await RunningServer("--read-timeout", "5")
        let get = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let none = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let body = #"{"prompt":"1"}"#
        let post = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let last = "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        #expect(try await statuses(server, get + none + post + last) == ["200", "404", "200", "200"])
        // What comes behind the last one is passed over.
        #expect(try await statuses(server, get + last + get) == ["200", "200"])
        // What is wrong is said after the answers to what was right.
        #expect(try await statuses(server, get + post + "GARBAGE\r\n\r\n" + get) == ["200", "200", "400"])
        let many = String(repeating: get, count: 500) + last
        #expect(try await statuses(server, many) == Array(repeating: "200", count: 501))
    }

    @Test func olderClientsFindTheEndOfAnAnswer() async throws {
        let server = try await RunningServer("--read-timeout", "20")
        let body = #"{"model":"pebble","prompt":"1+1=","max_tokens":3,"stream":true}"#
        let post = "POST /v1/completions HTTP/1.0\r\nHost: localhost\r\n"
        let length = "Content-Length: \(body.utf8.count)\r\n"
        for extra in ["", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n"] {
            let said = try await server.exchange(Data("\(post)\(extra)\(length)\r\n\(body)".utf8))
            let reply = try Reply(Data(said.utf8))
            #expect(said.hasPrefix("HTTP/1.0 200"), "\(said)")
            #expect(reply.headers["transfer-encoding"] == nil && reply.headers["connection"] == "close")
            #expect(reply.text.hasPrefix("data: {") && reply.text.hasSuffix("data: [DONE]\n\n"), "\(said)")
        }
        // One that asks for it keeps its connection where the answer has a length.
        let get = "GET /version HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
        let last = "GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n"
        #expect(try await statuses(server, get + last) == ["200", "200"])
        let whole = try Reply(Data(try await server.exchange(Data(last.utf8)).utf8))
        #expect(whole.headers["content-length"] == String(whole.body.count))
    }
}
