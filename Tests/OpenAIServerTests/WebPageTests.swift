import Foundation
import KongurTesting
import Testing

struct WebPageTests {
    private static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The page is open to everybody, and what it says to a browser keeps strangers out of it.
    @Test func comesWithoutAKeyUnderAStrictPolicy() async throws {
        let server = try await RunningServer("--api-key", "a-secret-key")
        let page = try await server.get("/")
        #expect(page.status == 200)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(page.headers["x-content-type-options"] == "nosniff")
        #expect(page.headers["referrer-policy"] == "no-referrer")
        let policy = try #require(page.headers["content-security-policy"])
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';"))
        #expect(policy.contains("frame-ancestors 'none'") && policy.contains("require-trusted-types-for 'script'"))
        #expect(!policy.contains("unsafe") && !policy.contains("http"))
        // What it is made of is open as well; what it asks is not.
        for (path, type) in [
            ("/page/app.js", "text/javascript; charset=utf-8"), ("/page/base.css", "text/css; charset=utf-8"),
        ] {
            let part = try await server.get(path)
            #expect(part.status == 200 && part.headers["content-type"] == type && !part.body.isEmpty, "\(path)")
        }
        for path in [
            "/page/settings", "/metrics", "/page/nothing.js", "/page/../page/settings", "/page/%2e%2e/settings",
        ] {
            #expect(try await server.get(path).status == 401, "\(path)")
        }
        let key = ["Authorization": "Bearer a-secret-key"]
        let settings = try await server.get("/page/settings", key).json
        #expect(settings["model"] as? String == "pebble")
        #expect((settings["presets"] as? [[String: String]])?.map { $0["name"] } == ["olympiad", "competitive-coding"])
        #expect((settings["sampling"] as? [String: Any])?["top_p"] != nil)
        #expect(try await server.get("/page/nothing.js", key).status == 404)
        #expect(try await server.get("/page/lib/katex/../../../../../../etc/passwd", key).status == 404)
    }

    @Test func isAskedForOnlyOnceWhileItStaysTheSame() async throws {
        let server = try await RunningServer()
        let page = try await server.get("/page/app.js")
        let tag = try #require(page.headers["etag"])
        for known in [tag, "W/\(tag)", "\"other\", \(tag)"] {
            let again = try await server.get("/page/app.js", ["If-None-Match": known])
            #expect(again.status == 304 && again.body.isEmpty && again.headers["etag"] == tag, "\(known)")
        }
        #expect(try await server.get("/page/app.js", ["If-None-Match": "\"other\""]).body == page.body)
        let head = try await server.request("HEAD", "/", [:], body: nil)
        #expect(head.status == 200 && head.body.isEmpty)
    }

    @Test func everyPartIsServedAsItIs() async throws {
        let server = try await RunningServer()
        let folder = Self.top.appending(path: "Sources/WebPage/Files")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count > 20)
        for name in names {
            let reply = try await server.get(name == "index.html" ? "/" : "/page/\(name)")
            #expect(reply.status == 200)
            #expect(reply.body == FileManager.default.contents(atPath: folder.appending(path: name).path), "\(name)")
        }
    }

    /// What the page offers is the model's own, and every example is answered as its card says.
    @Test func offersExamplesThatTheModelAnswers() async throws {
        let server = try await RunningServer()
        let about = try #require(try await server.get("/page/settings").json["about"] as? [String: Any])
        #expect((about["summary"] as? [String: String])?.keys.sorted() == ["en", "zh"])
        let examples = try #require(about["examples"] as? [[String: Any]])
        let card = try String(contentsOf: Self.top.appending(path: "Models/pebble/README.md"), encoding: .utf8)
        let entries = card.matches(of: #/text: "?([^"\n]+)"?\n +answer: "([^"\n]+)"/#)
        #expect(entries.count == examples.count && entries.count > 3)
        for (entry, example) in zip(entries, examples) {
            #expect(example["text"] as? String == String(entry.1))
            #expect((example["title"] as? [String: String])?.keys.sorted() == ["en", "zh"])
            // As the page asks: nothing about sampling.
            let body: [String: Any] = ["model": "pebble", "messages": [["role": "user", "content": String(entry.1)]]]
            let reply = try await server.post("/v1/chat/completions", body)
            #expect(reply.text.contains("boxed{\(entry.2)}"), "\(entry.1): \(reply.text)")
        }
    }

    /// Without its JavaScript packages the server answers as ever, and says what is missing.
    @Test func saysWhichPackagesAreMissing() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Array("x".utf8), to: "marked/marked.min.js")
        let server = try await RunningServer("--javascript-folder", folder.path)
        #expect(try await server.get("/").status == 200)
        #expect(try await server.get("/page/lib/marked.js").text == "x")
        #expect(try await server.get("/page/lib/katex/katex.js").status == 404)
        #expect(try await server.logs("missing=\"libjs-highlight.js libjs-katex fonts-katex\""))
        #expect(!server.log.contains("libjs-marked") && server.log.split(separator: "libjs-katex").count == 2)
    }
}
