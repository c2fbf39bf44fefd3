import Foundation
import KongurTesting
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
            "32",
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
        #expect(results.map { $0["test"] as? String } == ["pp8", "tg32", "tg32", "pp8", "tg32", "tg32"])
        #expect(results.map { $0["batch"] as? Int } == [1, 1, 3, 1, 1, 3])
        #expect(results.map { $0["quantization"] as? String } == ["int8", "int8", "int8", "bf16", "bf16", "bf16"])
        for one in results {
            let (speed, least, most) = (one["tokens_per_s"] as? Double, one["min"] as? Double, one["max"] as? Double)
            #expect(speed ?? 0 > 0 && least ?? 0 <= speed ?? 0 && most ?? 0 >= speed ?? 0)
            #expect(one["fraction_of_limit"] as? Double ?? 0 > 0)
        }
        let models = try #require(result.json["models"] as? [[String: Any]])
        #expect(models.map { $0["quantization"] as? String } == ["int8", "bf16"])
        for model in models {
            let footprint = try #require(model["footprint"] as? [String: Any])
            #expect(footprint["fallbacks"] as? Int == 0)
            #expect((footprint["products"] as? [String: Int])?.keys.first == model["quantization"] as? String)
            for key in ["weight_bytes", "work_bytes", "cache_bytes_per_token"] {
                #expect(footprint[key] as? Int ?? 0 > 0)
            }
        }
        // The shape's checkpoint was kept, and is one that other commands run.
        let shape = folder.path + "/cache/shapes/tiny"
        let run = try kongur.run("run", shape, "--token-ids", "1,2", "--max-new-tokens", "2", "--json")
        #expect(run.status == 0, "\(run.error)")
    }

    /// Contexts are in the cache when they are measured, in every form of it.
    @Test func longContextsAreMeasuredBesideReadingThem() throws {
        let result = try kongur.run([
            "bench", "--shape", "tiny", "--repeat", "1", "--prompt", "0", "--generate", "64", "--batch", "1", "2",
            "--context", "16", "600", "--kv-cache", "f16", "int8", "--json",
        ])
        #expect(result.status == 0, "\(result.error)")
        let results = try #require(result.json["results"] as? [[String: Any]])
        #expect(results.map { $0["context"] as? Int } == [16, 600, 16, 600, 16, 600, 16, 600])
        #expect(
            results.map { $0["kv_cache"] as? String } == Array(repeating: "f16", count: 4)
                + Array(repeating: "int8", count: 4)
        )
        for one in results {
            #expect(one["tokens_per_s"] as? Double ?? 0 > 0)
            let isLong = one["context"] as? Int == 600
            #expect((one["context_ms"] != nil) == isLong && (one["context_read_ms"] as? Double ?? 0 > 0) == isLong)
        }
    }

    @Test func badNumbersAreRefused() throws {
        for arguments in [
            ["--batch", "0"], ["--batch", "65"], ["--prompt", "-1"], ["--repeat", "0"], ["--quantize", "int3"],
            ["--shape", "huge"], ["--context", "0"], ["--kv-cache", "int4"],
        ] {
            let result = try kongur.run(["bench"] + arguments)
            #expect(result.status == 2 && !result.error.isEmpty, "\(arguments): \(result.error)")
        }
    }
}
