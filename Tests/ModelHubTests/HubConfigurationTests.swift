import Foundation
import ModelHub
import Testing

@Suite struct HubConfigurationTests {
    private func configuration(_ environment: [String: String]) throws -> HubConfiguration {
        try HubConfiguration.fromEnvironment(["HOME": "/home/me"].merging(environment) { $1 })
    }

    @Test func theCacheIsWhereThePythonToolsHaveIt() throws {
        #expect(try configuration([:]).cacheFolder == "/home/me/.cache/huggingface/hub")
        #expect(try configuration(["XDG_CACHE_HOME": "/x"]).cacheFolder == "/x/huggingface/hub")
        #expect(try configuration(["HF_HOME": "~/h", "XDG_CACHE_HOME": "/x"]).cacheFolder == "/home/me/h/hub")
        #expect(try configuration(["HUGGINGFACE_HUB_CACHE": "/old", "HF_HOME": "/h"]).cacheFolder == "/old")
        #expect(try configuration(["HF_HUB_CACHE": "/c", "HUGGINGFACE_HUB_CACHE": "/old"]).cacheFolder == "/c")
        #expect(try configuration(["HF_HUB_CACHE": "", "HF_HOME": "/h"]).cacheFolder == "/h/hub")
    }

    @Test func theTokenComesFromTheEnvironmentOrAFile() throws {
        let folder = try TemporaryCache()
        try Data("hf_file\n".utf8).write(to: URL(fileURLWithPath: folder.folder + "/token"))
        let home = ["HF_HOME": folder.folder]
        #expect(try configuration(home).token == "hf_file")
        #expect(try configuration(home.merging(["HF_TOKEN": " hf_env "]) { $1 }).token == "hf_env")
        #expect(try configuration(["HF_TOKEN_PATH": folder.folder + "/token"]).token == "hf_file")
        #expect(try configuration(home.merging(["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]) { $1 }).token == nil)
        #expect(try configuration(["HF_HOME": folder.folder + "/none"]).token == nil)
    }

    @Test func theEndpointMayBeAMirror() throws {
        #expect(try configuration([:]).endpoint == HubConfiguration.defaultEndpoint)
        #expect(
            try configuration(["HF_ENDPOINT": "https://mirror.example/"]).endpoint.absoluteString
                == "https://mirror.example"
        )
        #expect(try configuration(["HF_HUB_OFFLINE": "yes"]).isOffline)
        #expect(try !configuration(["HF_HUB_OFFLINE": "0"]).isOffline)
    }

    @Test(arguments: [
        ["HF_ENDPOINT": "mirror.example"], ["HF_ENDPOINT": "ftp://mirror.example"], ["HF_ENDPOINT": "https://"],
        ["HF_ENDPOINT": "https://me:secret@mirror.example"], ["HF_ENDPOINT": "https://mirror.example?x=1"],
        ["HF_TOKEN": "hf_a\r\nX-Evil: 1"], ["HF_TOKEN": "a b"],
    ])
    func settingsThatCannotWorkAreRefused(environment: [String: String]) {
        let error = #expect(throws: HubError.self) { try configuration(environment) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(environment.keys.first ?? "") == true)
    }
}
