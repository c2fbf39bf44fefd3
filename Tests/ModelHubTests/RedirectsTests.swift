import Foundation
import KongurTesting
import ModelHub
import NIOHTTP1
import Testing

@Suite struct RedirectsTests {
    @Test func theTokenGoesToTheHubAndNotToWhereItRedirects() async throws {
        let store = try await LocalServer { request, _ in
            var inner = request
            inner.path = "/\(repository.name)/resolve/\(repository.commit)/model.safetensors"
            return repository.answer(inner)
        }
        let hub = try await LocalServer { request, _ in
            request.isForWeights
                ? .redirect("\(store.address)/signed?key=1", headers: repository.headers("model.safetensors"))
                : repository.answer(request)
        }
        let cache = try TemporaryCache()
        _ = try await cache.client(hub, token: "hf_secret").download(tinyModel())
        #expect(cache.bytes("snapshots/\(repository.commit)/model.safetensors") == repository.weights)
        #expect(hub.requests.allSatisfy { $0.headers["Authorization"] == ["Bearer hf_secret"] })
        #expect(!store.requests.isEmpty)
        #expect(store.requests.allSatisfy { request in !request.headers.contains { "\($0)".contains("hf_secret") } })
        await hub.stop()
        await store.stop()
    }

    @Test func aRenamedRepositoryIsFollowedOnTheSameHostWithTheToken() async throws {
        let hub = try await LocalServer { request, _ in
            guard !request.path.contains("/new/") else {
                var inner = request
                inner.path = request.path.replacing("/new/", with: "/someone/")
                return repository.answer(inner)
            }
            return .redirect(request.path.replacing("/someone/", with: "/new/"))
        }
        let cache = try TemporaryCache()
        _ = try await cache.client(hub, token: "hf_secret").download(tinyModel())
        #expect(
            hub.requests.filter { $0.path.contains("/new/") }.allSatisfy { $0.headers.contains(name: "Authorization") }
        )
        await hub.stop()
    }

    @Test func aCircleEnds() async throws {
        let hub = try await LocalServer { request, _ in .redirect(request.path) }
        let cache = try TemporaryCache()
        #expect(try await failure(cache.client(hub))?.code == .tooManyRedirects)
        #expect(hub.requests.count == Redirects.limit + 1)
        await hub.stop()
    }

    @Test(arguments: [
        ("https://hub.example/next", true), ("/relative", true), ("https://HUB.example:443/next", true),
        ("https://hub.example:8443/next", false), ("https://cdn.hub.example/next", false),
        ("https://hub.example.evil.example/next", false), ("https://hub.example@evil.example/", false),
        ("//evil.example/next", false),
    ])
    func onlyTheSameOriginSeesTheToken(location: String, isSeen: Bool) throws {
        let hub = try #require(URL(string: "https://hub.example"))
        var redirects = Redirects(to: hub.appending(path: "model"), endpoint: hub)
        #expect(redirects.carriesToken)
        try redirects.follow(location)
        #expect(redirects.carriesToken == isSeen)
        try redirects.follow("https://hub.example/back")
        #expect(redirects.carriesToken == isSeen)
    }

    @Test func aLocationWithoutEndIsRefused() throws {
        let hub = try #require(URL(string: "https://hub.example"))
        var redirects = Redirects(to: hub, endpoint: hub)
        let error = #expect(throws: HubError.self) {
            try redirects.follow("https://hub.example/" + String(repeating: "a", count: 20_000))
        }
        #expect(error?.code == .invalidResponse)
    }

    @Test(
        arguments: [
            ("http://hub.example/next", HubError.Code.unsafeRedirect), ("file:///etc/passwd", .invalidResponse),
            ("ftp://hub.example/", .invalidResponse), ("http://", .invalidResponse), (nil, .invalidResponse),
        ] as [(String?, HubError.Code)]
    )
    func aStepToSomewhereUnsafeIsRefused(location: String?, code: HubError.Code) throws {
        let hub = try #require(URL(string: "https://hub.example"))
        var redirects = Redirects(to: hub, endpoint: hub)
        let error = #expect(throws: HubError.self) { try redirects.follow(location) }
        #expect(error?.code == code)
    }
}
