import Foundation
import KongurTesting
import Testing

/// The page in a real Chromium: what it shows, and what no answer can make it do.
@Suite(
    .enabled(
        if: ["chromium", "chromedriver"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
            && ["katex", "marked", "highlight.js"].allSatisfy {
                FileManager.default.fileExists(atPath: "/usr/share/javascript/\($0)")
            }
            && PythonTools.have("selenium, axe_core_python"),
        """
        needs Debian's chromium, chromium-driver, libjs-katex, libjs-marked and libjs-highlight.js (scripts/setup.sh), and selenium \
        and axe-core-python in .venv (scripts/python.sh)
        """
    )
)
struct WebPageBrowserTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "WebPage/browse.py").path

    @Test func worksInChromium() async throws {
        let folder = try TemporaryFolder()
        let server = try await RunningServer()
        let keyed = try await RunningServer("--api-key", "a-secret-key")
        let bare = try await RunningServer("--javascript-folder", folder.path)
        let output = try await blocking {
            try PythonTools.run(
                "import runpy; runpy.run_path('\(Self.script)', run_name='__main__')",
                [
                    "KONGUR_PORT": String(server.port), "KONGUR_KEYED_PORT": String(keyed.port),
                    "KONGUR_BARE_PORT": String(bare.port), "KONGUR_KEY": "a-secret-key",
                ]
            )
        }
        #expect(output.hasSuffix("all of it"))
    }
}
