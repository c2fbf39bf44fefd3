import Testing

@testable import OpenAIServer

/// Under which names a server answers, and whose pages may ask it.
struct OriginRulesTests {
    private func rules(
        _ host: String,
        names: [String] = [],
        origins: [String] = [],
        hasKeys: Bool = false
    ) -> OriginRules {
        var configuration = ServerConfiguration()
        configuration.host = host
        configuration.allowedHosts = names
        configuration.allowedOrigins = origins
        return OriginRules(configuration, hasKeys: hasKeys)
    }

    private func takes(_ rules: OriginRules, _ host: String?) -> Bool { (try? rules.checkHost(host)) != nil }

    @Test func authoritiesAreReadStrictly() {
        for (text, host, port) in [
            ("localhost", "localhost", nil), ("LocalHost:8000", "localhost", 8000), ("a.example.:1", "a.example", 1),
            ("127.0.0.1:", "127.0.0.1", nil), ("[::1]:80", "[::1]", 80), ("[0:0::1]", "[::1]", nil),
            ("my_host-1", "my_host-1", nil),
        ] as [(String, String, Int?)] {
            let authority = Authority(text)
            #expect(authority?.host == host && authority?.port == port, "\(text)")
        }
        for text in [
            "", ":80", ".", "[::1", "[::1]evil.com", "[::1]:80:90", "[evil]", "[::1%25eth0]", "::1",
            "localhost:80@evil",
            "user@localhost", "localhost:80a", "localhost:99999", "localhost:-1", "a b", "a/b", "a,b", "a\tb", "a%00b",
            "localhost:８０", "ſ.example",
        ] {
            #expect(Authority(text) == nil, "\(text)")
        }
    }

    @Test func onThisMachineItsOwnNamesAlone() {
        let rules = rules("127.0.0.1", names: ["My.Example"])
        for host in ["localhost:1", "127.0.0.1", "127.0.0.5:9", "[::1]:80", "my.example:8000", "LOCALHOST"] {
            #expect(takes(rules, host), "\(host)")
        }
        for host in [
            nil, "", "evil.com", "[::1]evil.com", "localhost:80@evil", "localhost.evil.com", "10.0.0.1", "0.0.0.0",
            "127.0.0.1.evil.com", "[::2]", "example",
        ] {
            #expect(!takes(rules, host), "\(host ?? "none")")
        }
    }

    @Test func withoutKeysOnANetworkNoNameThatAStrangerCanHave() {
        for listening in ["0.0.0.0", "::", "192.168.1.5", "gpu.example.org"] {
            let rules = rules(listening)
            for host in [
                "192.168.1.5:8000", "[fe80::1]:8000", "8.8.8.8", "gpu-box", "gpu-box:8000", "gpu.local", "gpu.lan",
                "kongur.default.svc", "kongur.default.svc.cluster.local:80", "a.internal", "b.home.arpa", "localhost",
            ] {
                #expect(takes(rules, host), "\(host)")
            }
            for host in [
                nil, "evil.com", "evil.com:8000", "local.evil.com", "1.2.3.4.nip.io", "a.svc.evil.com", "1.2.3.4.5",
            ] {
                #expect(!takes(rules, host), "\(host ?? "none")")
            }
        }
        #expect(takes(rules("gpu.example.org"), "gpu.example.org:8000"))
        let listed = rules("0.0.0.0", names: ["chat.example.org"])
        #expect(takes(listed, "chat.example.org") && !takes(listed, "gpu-box") && !takes(listed, "192.168.1.5"))
    }

    @Test func withKeysAnyName() {
        let rules = rules("0.0.0.0", hasKeys: true)
        #expect(takes(rules, "evil.com") && takes(rules, nil))
        #expect(!takes(self.rules("127.0.0.1", hasKeys: true), "evil.com"))
    }

    @Test func pagesOfTheServerItselfMayAsk() {
        let rules = rules("0.0.0.0", origins: ["https://a.example"])
        for (origin, host, isAllowed) in [
            ("http://gpu-box:8000", "gpu-box:8000", true), ("https://gpu-box", "gpu-box:443", true),
            ("http://gpu-box", "gpu-box:80", true), ("https://a.example", "gpu-box", true),
            ("http://gpu-box:8001", "gpu-box:8000", false), ("http://evil.com", "gpu-box", false),
            ("null", "gpu-box", false), ("http://gpu-box@evil.com", "gpu-box", false), ("file://", "gpu-box", false),
            ("http://gpu-box:8000, http://evil.com", "gpu-box:8000", false),
            ("https://a.example.evil.com", "gpu-box", false),
        ] {
            #expect(((try? rules.checkOrigin(origin, host: host)) != nil) == isAllowed, "\(origin) \(host)")
        }
        #expect((try? self.rules("::1", origins: ["*"]).checkOrigin("http://evil.com", host: nil)) != nil)
    }
}
