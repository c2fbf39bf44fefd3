import Foundation
import KongurTesting
import Testing

/// Devices that are described, from the command line, with the bundled model.
struct SimulatedRunTests {
    private let folder: TemporaryFolder
    private let kongur: KongurProgram

    init() throws {
        folder = try TemporaryFolder()
        let devices = folder.path + "/devices"
        try FileManager.default.createDirectory(atPath: devices, withIntermediateDirectories: true)
        kongur = KongurProgram(environment: ["KONGUR_CACHE": folder.path + "/cache", "KONGUR_DEVICES": devices])
    }

    private func run(_ arguments: String...) throws -> KongurProgram.Result {
        try kongur.run(["run"] + arguments + ["--max-new-tokens", "6", "--temperature", "0", "What is 17 * 23?"])
    }

    @Test func saysWhatTheCardTookAndWritesATrace() throws {
        let path = folder.path + "/trace.json"
        let result = try run("--device", "k20", "--json", "--trace", path)
        #expect(result.status == 0, "\(result.error)")
        let simulation = try #require(result.json["simulation"] as? [String: Any])
        #expect(simulation["device"] as? String == "k20" && simulation["fallbacks"] as? Int == 0)
        #expect(simulation["memory_bytes"] as? Int == 32 << 30)
        let seconds = try #require(simulation["seconds"] as? Double)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let trace = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let events = try #require(trace["traceEvents"] as? [[String: Any]])
        let ends = events.compactMap { event in (event["ts"] as? Double).map { $0 + (event["dur"] as? Double ?? 0) } }
        #expect(abs((ends.max() ?? 0) - 1e6 * seconds) < 0.01)
        // The same question on the same card: the same picture, byte for byte.
        let again = folder.path + "/again.json"
        #expect(try run("--device", "k20", "--json", "--trace", again).status == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: again)) == data)
    }

    @Test func theLineForAPersonNamesTimeLaunchesMemoryAndFallbacks() throws {
        let result = try run("--device", "k20")
        #expect(result.status == 0)
        #expect(result.error.contains("simulated k20: "), "\(result.error)")
        #expect(result.error.contains(" kernels launched, ") && result.error.contains(" of 32768.0 MiB of memory"))
        #expect(result.error.contains("fallbacks: none"))
    }

    @Test func aTraceOfADeviceThatIsThereIsRefused() throws {
        let result = try run("--trace", folder.path + "/trace.json")
        #expect(result.status == 2 && result.error.contains("--trace goes with a simulated device"))
    }

    @Test func aFaultEndsInAnErrorThatSaysSo() throws {
        let result = try run("--device", "k20+dma-timeout@3")
        #expect(result.status == 1 && result.error.contains("'k20': a copy of run 3 did not end in time"))
    }

    @Test func devicesAreListedWithThoseOfOnesOwnAndABadOneIsNamed() throws {
        let names = try kongur.run("devices").output.split(separator: "\n").map { $0.split(separator: " ")[0] }
        #expect(
            ["cpu", "reference", "k20", "k200", "r200", "r300", "p800", "a100-40g", "h200"].allSatisfy(names.contains)
        )
        let path = try folder.write("{\"name\": \"mine\"}".utf8, to: "devices/mine.json")
        let result = try kongur.run("devices")
        #expect(result.status == 2 && result.error.contains("\(path): "), "\(result.error)")
    }
}
