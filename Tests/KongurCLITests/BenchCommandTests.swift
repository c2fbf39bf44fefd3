import Foundation
import Testing

/// `kongur bench` on a shape that is small enough for tests.
@Suite struct BenchCommandTests {
    private let folder: TemporaryFolder
    private let kongur: KongurProgram

    init() throws {
        folder = try TemporaryFolder()
        kongur = KongurProgram(environment: ["KONGUR_CACHE": folder.path + "/cache"])
    }

    @Test func everyTestIsMeasuredBesideTheLimits() throws {
        let result = try kongur.run(
            "bench",
            "--shape",
            "tiny",
            "--repeat",
            "2",
            "--prompt",
            "8",
            "--generate",
            "4",
            "--batch",
            "1",
            "3",
            "--quantize",
            "int8",
            "bf16",
            "--json"
        )
        #expect(result.status == 0, "\(result.error)")
        let limits = try #require(result.json["limits"] as? [String: Any])
        for key in ["read_gb_s", "int8_gop_s", "bf16_gflop_s"] { #expect((limits[key] as? Double ?? 0) > 0, "\(key)") }
        let results = try #require(result.json["results"] as? [[String: Any]])
        #expect(results.map { $0["test"] as? String } == ["pp8", "tg4", "tg4", "pp8", "tg4", "tg4"])
        #expect(results.map { $0["batch"] as? Int } == [1, 1, 3, 1, 1, 3])
        #expect(results.map { $0["quantization"] as? String } == ["int8", "int8", "int8", "bf16", "bf16", "bf16"])
        for one in results {
            let (speed, least, most) = (one["tokens_per_s"] as? Double, one["min"] as? Double, one["max"] as? Double)
            #expect(speed ?? 0 > 0 && least ?? 0 <= speed ?? 0 && most ?? 0 >= speed ?? 0)
            #expect(one["fraction_of_limit"] as? Double ?? 0 > 0)
        }
        // The shape's checkpoint was kept, and is one that other commands run.
        let shape = folder.path + "/cache/shapes/tiny"
        let run = try kongur.run("run", shape, "--token-ids", "1,2", "--max-new-tokens", "2", "--json")
        #expect(run.status == 0, "\(run.error)")
    }

    @Test func badNumbersAreRefused() throws {
        for arguments in [
            ["--batch", "0"], ["--batch", "65"], ["--prompt", "-1"], ["--repeat", "0"], ["--quantize", "int3"],
            ["--shape", "huge"],
        ] {
            let result = try kongur.run(["bench"] + arguments)
            #expect(result.status == 2 && !result.error.isEmpty, "\(arguments): \(result.error)")
        }
    }
}
