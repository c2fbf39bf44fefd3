import Foundation
import KongurTesting
import Testing

/// `kongur plan` as a person runs it.
@Suite struct PlanCommandTests {
    private let folder: TemporaryFolder
    private let kongur: KongurProgram

    init() throws {
        folder = try TemporaryFolder()
        kongur = KongurProgram(environment: ["KONGUR_DEVICES": folder.path + "/devices"])
    }

    private let quick = [
        "--requests", "40", "--max-sequences", "8", "--prompt-tokens", "50", "--answer-tokens", "60:200",
    ]

    @Test(arguments: ["fp16", "int8"]) func theSameCommandPrintsTheSameBytes(form: String) throws {
        let arguments = ["plan", "--shape", "vibethinker-1.5b", "--device", "k20", "--quantize", form, "--json"]
        let results = try (0..<2).map { _ in try kongur.run(arguments + quick) }
        #expect(results[0].status == 0, "\(results[0].error)")
        #expect(results[0].output == results[1].output)
        for key in [
            "memory_bytes", "time_to_first_token_s", "time_per_output_token_s", "answer_of_512_tokens_s",
            "tokens_per_s",
            "cost_per_million_tokens",
        ] {
            #expect(results[0].json[key] as? Double ?? 0 > 0, "\(key)")
        }
        #expect(results[0].json["quantize"] as? String == form)
    }

    @Test func devicesStandSideBySide() throws {
        let svg = folder.path + "/load.svg"
        let result = try kongur.run(
            ["plan", "--device", "k20,r300", "--users", "50000", "--pass-at-1", "0.5", "--svg", svg] + quick
        )
        #expect(result.status == 0, "\(result.error)")
        for part in ["k20", "r300", "replicas", "a solved problem", "not verified", "none of these devices was used"] {
            #expect(result.output.contains(part), "\(part)")
        }
        #expect(try String(contentsOfFile: svg, encoding: .utf8).hasPrefix("<svg"))
        let json = try kongur.run(["plan", "--device", "k20,r300", "--json"] + quick).json
        #expect((json["devices"] as? [[String: Any]])?.map { $0["device"] as? String } == ["k20", "r300"])
    }

    @Test func aShapeComesFromAConfiguration() throws {
        let path = TinyCheckpoints.repository.appendingPathComponent("Models/pebble/config.json").path
        let result = try kongur.run(["plan", "--shape", path, "--json"] + quick)
        #expect(result.status == 0, "\(result.error)")
        #expect(result.json["memory_bytes"] as? Double ?? 0 > 0)
    }

    @Test(arguments: [
        ["--device", "k99"], ["--device", ""], ["--device", "/nowhere.json"], ["--shape", "nothing"],
        ["--quantize", "int3"], ["--users", "0"], ["--workload", "nothing"], ["--workload", "/nowhere.jsonl"],
        ["--prompt-tokens", "x"], ["--answer-tokens", "5:1"], ["--arrival-rate", "-1"], ["--duration", "5"],
        ["--profile", "1,2"], ["--pass-at-1", "2"], ["--target-share", "3"], ["--price-per-hour", "nan"],
    ])
    func whatMakesNoSenseIsRefused(arguments: [String]) throws {
        let result = try kongur.run(["plan"] + arguments)
        #expect(result.status == 2, "\(arguments): \(result.error)")
        #expect(result.error.hasPrefix("kongur: error: ") && result.output.isEmpty)
    }
}
