import Foundation
import KongurTesting
import ModelHub
import Testing

/// The hub's own client must find what we pull, and we what it pulls.
@Suite(
    .enabled(if: PythonTools.have("huggingface_hub"), "needs huggingface_hub in .venv at the root of the repository")
)
struct PythonToolsTests {
    @Test func theyFindWhatWePull() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        let snapshot = try await cache.client(hub).download(tinyModel())
        await hub.stop()
        let found = try PythonTools.run(
            """
            from huggingface_hub import snapshot_download, hf_hub_download
            folder = snapshot_download("\(repository.name)", local_files_only=True)
            file = hf_hub_download("\(repository.name)", "model.safetensors", local_files_only=True)
            assert file.startswith(folder), file
            print(folder)
            """,
            ["HF_HUB_CACHE": cache.folder, "HF_HUB_OFFLINE": "1"]
        )
        #expect(
            URL(fileURLWithPath: found).resolvingSymlinksInPath()
                == URL(fileURLWithPath: snapshot).resolvingSymlinksInPath()
        )
    }

    @Test func weFindWhatTheyPull() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        try PythonTools.run(
            """
            from huggingface_hub import hf_hub_download
            for file in ["config.json", "tokenizer.json", "model.safetensors"]:
                hf_hub_download("\(repository.name)", file)
            """,
            ["HF_HUB_CACHE": cache.folder, "HF_ENDPOINT": hub.address, "HF_HUB_DISABLE_PROGRESS_BARS": "1"]
        )
        let client = try cache.client(hub)
        #expect(client.cache.snapshot(of: try tinyModel()) == cache.path("snapshots/\(repository.commit)"))
        let before = hub.requests.count
        _ = try await client.download(tinyModel())
        #expect(hub.requests[before...].allSatisfy { $0.method == "HEAD" || !$0.path.contains("resolve") })
        await hub.stop()
    }
}
