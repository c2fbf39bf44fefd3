import Foundation
import KongurTesting
import Testing

/// The scripts that load, leave and attack a server of their own, in their short form.
///
/// Each says what is wrong with its last lines; all of it is in what the test records.
@Suite(.serialized) struct ServerScriptTests {
    @Test(arguments: [
        "serve-storm.py", "serve-fuzz.py", "serve-soak.py", "serve-batch-kill.py", "serve-kunlun-faults.py",
        "serve-schemas.py",
    ])
    func nothingIsWrongOrLeft(_ script: String) async throws {
        try await run(script)
    }

    private static let hasBalancer = ["/usr/sbin/nginx", "/usr/bin/redis-server"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Of two replicas that share a Redis, which is killed, one is killed as well.
    @Test(.enabled(if: hasBalancer, "needs nginx and redis-server (scripts/setup.sh tests)"))
    func replicasLoseNothing() async throws {
        try await run("serve-replicas.py")
    }

    private func run(_ script: String) async throws {
        let (status, output) = try await blocking {
            try PythonTools.script(script, "--short", "--program", KongurProgram.path)
        }
        #expect(status == 0, "\(output)")
    }
}
