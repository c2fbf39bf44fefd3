import Foundation
import KongurTesting
import Testing

/// The scripts that load, leave and attack a server of their own, in their short form.
///
/// Each says what is wrong with its last lines; all of it is in what the test records.
@Suite(.serialized) struct ServerScriptTests {
    @Test(arguments: ["serve-storm.py", "serve-fuzz.py", "serve-soak.py", "serve-batch-kill.py"])
    func nothingIsWrongOrLeft(_ script: String) async throws {
        let (status, output) = try await blocking {
            try PythonTools.script(script, "--short", "--program", KongurProgram.path)
        }
        #expect(status == 0, "\(output)")
    }
}
