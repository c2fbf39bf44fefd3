import Foundation
import KongurTesting
import Testing

/// The built program on stand-ins for Kunlun's libraries.
@Suite(.serialized, .enabled(if: KunlunStandIn.isAvailable)) struct KunlunCommandTests {
    private func kongur(_ operators: KunlunStandIn.Operators = .all, _ more: [String: String] = [:]) throws
        -> KongurProgram
    {
        KongurProgram(environment: try KunlunStandIn.environment(operators).merging(more) { $1 })
    }

    private let options = ["--temperature", "0", "--max-new-tokens", "24", "--json"]
    private let question = "What is 12 + 30?"

    @Test(arguments: ["f16", "int8"]) func answersAreTheReferences(form: String) throws {
        let folder = try TemporaryFolder()
        let compiled = "\(folder.path)/pebble.kongur"
        let kongur = try kongur()
        #expect(try kongur.run("compile", "--target", "kunlun", "--quantize", form, "-o", compiled).status == 0)
        func text(_ arguments: [String]) throws -> String? {
            let result = try kongur.run(arguments)
            #expect(result.status == 0, "\(result.error)")
            return result.json["text"] as? String
        }
        let device = try text(["run", question, "--device", "xpu:1", "--quantize", form, "--no-fallback"] + options)
        let reference = try text(["run", compiled, question, "--device", "reference"] + options)
        #expect(device != nil && device == reference)
    }

    @Test func theDoctorFindsNothingWrongWithTheStandIns() throws {
        let result = try kongur().run("doctor", "--device", "xpu", "--json", limit: .seconds(600))
        #expect(result.status == 0, "\(result.output) \(result.error)")
        let report = result.json
        #expect(report["problems"] as? [String] == [])
        #expect((report["operations"] as? [[String: Any]])?.count ?? 0 > 20)
        #expect((report["wide_products"] as? [Any])?.count == 2)
        let reading = try #require((report["readings"] as? [[String: Any]])?.first)
        #expect(reading["name"] as? String == "swiglu.gate")
        #expect((reading["choices"] as? [[String: Any]])?.map { $0["in_use"] as? Bool } == [true, false])
        #expect((report["device"] as? [String: Any])?["address"] as? String == "0001:53:02.0")
        let tokens = try #require(report["tokens"] as? [[String: Any]])
        #expect(tokens.compactMap { $0["weights"] as? String } == ["f16", "int8"])
        for tokens in tokens { #expect(tokens["device"] as? [Int] == tokens["reference"] as? [Int]) }
    }

    @Test func theDoctorSaysWhichReadingHolds() throws {
        let kongur = try kongur(.all, ["KONGUR_KUNLUN_READINGS": "swiglu.gate=second"])
        let result = try kongur.run("doctor", "--device", "xpu", limit: .seconds(600))
        #expect(result.status == 1)
        #expect(result.output.contains("set KONGUR_KUNLUN_READINGS=swiglu.gate=first"), "\(result.output)")
        #expect(result.output.contains("bad     reading        swiglu.gate=second, in use, swiglu("))
        let wrong = try self.kongur(.all, ["KONGUR_KUNLUN_READINGS": "swiglu.gate=third"])
        let refused = try wrong.run(["run", question, "--device", "xpu"] + options)
        #expect(refused.status == 2 && refused.error.contains("swiglu.gate=first|second"), "\(refused.error)")
    }

    @Test func theDoctorNamesWhatTheOperatorsLack() throws {
        let result = try kongur(.few).run("doctor", "--device", "xpu:1", limit: .seconds(600))
        #expect(result.status == 1)
        for operation in ["paged_attention", "rms_norm", "swiglu"] {
            #expect(result.output.contains("problem: the operator library lacks '\(operation)'"))
        }
    }

    @Test func withoutLibrariesEverythingSaysWhatToInstall() throws {
        let nowhere = ["KONGUR_XPURT": "/nowhere/libxpurt.so", "KONGUR_KUNLUN_OPS": "/nowhere/libops.so"]
        let kongur = KongurProgram(environment: nowhere)
        let devices = try kongur.run("devices")
        #expect(devices.status == 0 && devices.output.contains("KONGUR_XPURT"))
        let doctor = try kongur.run("doctor", "--device", "xpu")
        #expect(doctor.status == 1 && doctor.output.contains("KONGUR_XPURT"))
        let run = try kongur.run(["run", question, "--device", "xpu"] + options)
        #expect(run.status == 2 && run.error.contains("KONGUR_XPURT"))
        #expect(try kongur.run("doctor", "--device", "cpu").status == 2)
    }

    @Test func aLostDeviceIsSaidInOneLine() throws {
        let result = try kongur(.all, ["STANDIN_FAIL_AT": "400", "STANDIN_FAIL_CODE": "714"]).run(
            ["run", question, "--device", "xpu", "--quantize", "f16"] + options
        )
        #expect(result.status == 1)
        #expect(result.error.contains("714") && result.error.contains("errtask"), "\(result.error)")
    }
}
