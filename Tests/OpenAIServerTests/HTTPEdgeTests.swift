import Foundation
import KongurTesting
import Testing

/// What HTTP clients do beside asking: waiting to be told to go on, asking with other methods.
@Suite(.serialized) struct HTTPEdgeTests {
    private func head(_ path: String, _ length: Int, expect: String) -> Data {
        Data(
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(length)\r\nExpect: \(expect)\r\n\r\n"
                .utf8
        )
    }

    @Test func whoWaitsIsToldToGoOn() async throws {
        let server = try await RunningServer()
        let body = Data(#"{"model": "pebble", "prompt": "1+1=", "max_tokens": 2}"#.utf8)
        let head = head("/v1/completions", body.count, expect: "100-Continue")
        let (first, reply) = try await blocking { [port = server.port] in
            let client = try Client(port: port)
            try client.send(head)
            let first = try client.read()
            try client.send(body)
            return (String(decoding: first, as: UTF8.self), try Reply(client.readToEnd()))
        }
        #expect(first == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(reply.status == 200 && reply.json["choices"] != nil, "\(reply.text)")
    }

    @Test func whatIsRefusedIsNotWaitedFor() async throws {
        let server = try await RunningServer("--api-key", "a-long-key")
        for (path, length, expect, status) in [
            ("/v1/completions", 10, "100-continue", 401), ("/nowhere", 10, "100-continue", 401),
        ] {
            let head = head(path, length, expect: expect)
            let reply = try await blocking { [port = server.port] in
                let client = try Client(port: port)
                try client.send(head)
                return try Reply(client.readToEnd())
            }
            #expect(reply.status == status)
        }
        let open = try await RunningServer()
        for (length, expect, status) in [(1 << 28, "100-continue", 413), (10, "200-ok", 417)] {
            let head = head("/v1/completions", length, expect: expect)
            let reply = try await blocking { [port = open.port] in
                let client = try Client(port: port)
                try client.send(head)
                return try Reply(client.readToEnd())
            }
            #expect(reply.status == status)
        }
    }

    /// curl asks whether it may send a body of more than a megabyte.
    @Test func curlSendsLongBodies() async throws {
        let server = try await RunningServer("--max-body-size", "4000000", "--read-timeout", "300")
        let folder = try TemporaryFolder()
        let prompt = "1+1=" + String(repeating: " ", count: 2_000_000)
        let file = try folder.write(
            JSONSerialization.data(withJSONObject: ["model": "pebble", "prompt": prompt]),
            to: "body"
        )
        let result = try await blocking { [port = server.port] in
            try KongurProgram().runProgram(
                "/usr/bin/env",
                [
                    "curl", "--silent", "--verbose", "--noproxy", "*", "--max-time", "300", "--data-binary", "@\(file)",
                    "http://127.0.0.1:\(port)/v1/completions",
                ]
            )
        }
        #expect(result.error.contains("< HTTP/1.1 100 Continue"), "\(result.error)")
        #expect(result.output.contains("context_length_exceeded"))
        #expect(!result.error.contains("Done waiting for 100-continue"))
    }

    @Test func otherMethodsAreNotAllowed() async throws {
        let server = try await RunningServer("--cors-origin", "https://a.example")
        for (method, path, allowed) in [
            ("GET", "/v1/chat/completions", "OPTIONS, POST"), ("DELETE", "/v1/models", "GET, HEAD, OPTIONS"),
            ("POST", "/v1/models/pebble", "GET, HEAD, OPTIONS"), ("PUT", "/health/live", "GET, HEAD, OPTIONS"),
            ("PATCH", "/admin/status", "GET, HEAD, OPTIONS"), ("HEAD", "/tokenize", "OPTIONS, POST"),
        ] {
            let body = ["GET", "HEAD"].contains(method) ? nil : Data("{}".utf8)
            let reply = try await server.request(method, path, ["Origin": "https://a.example"], body: body)
            #expect(reply.status == 405 && reply.headers["allow"] == allowed, "\(method) \(path)")
            #expect(reply.headers["access-control-allow-origin"] == "https://a.example")
            if method == "HEAD" {
                #expect(reply.body.isEmpty)
            } else {
                #expect(reply.error["code"] as? String == "method_not_allowed")
            }
        }
        let options = try await server.request("OPTIONS", "/v1/completions", [:], body: nil)
        #expect(options.status == 204 && options.headers["allow"] == "OPTIONS, POST" && options.body.isEmpty)
        #expect(try await server.request("DELETE", "/nowhere", [:], body: nil).status == 404)
    }

    @Test func headIsGetWithoutTheBody() async throws {
        let server = try await RunningServer()
        for path in ["/v1/models", "/health/live", "/v1/models/none", "/nowhere", "/metrics"] {
            let (get, head) = (try await server.get(path), try await server.request("HEAD", path, [:], body: nil))
            #expect(head.status == get.status && head.body.isEmpty && !get.body.isEmpty, "\(path)")
            #expect(head.headers["content-type"] == get.headers["content-type"], "\(path)")
            // Metrics change, and the error names the method.
            if !["/metrics", "/nowhere"].contains(path) {
                #expect(head.headers["content-length"] == String(get.body.count), "\(path)")
            }
        }
        // A connection on which nothing was left behind goes on.
        let two = Data(
            "HEAD /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\nGET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                .utf8
        )
        let text = try await blocking { [port = server.port] in
            let client = try Client(port: port)
            try client.send(two)
            return String(decoding: try client.readToEnd(), as: UTF8.self)
        }
        #expect(text.components(separatedBy: "HTTP/1.1 ").map { $0.prefix(3) } == ["", "404", "200"], "\(text)")
    }
}
