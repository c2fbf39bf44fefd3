import DeviceRuntime
import KongurTesting
import KunlunBackend
import Testing
import XIRCompiler

extension KunlunDeviceTests {
    /// What `kongur doctor` says of a card, on the stand-ins.
    @Suite struct CheckupTests {
        private func report(readings: String, _ operators: KunlunStandIn.Operators = .all) throws -> CheckupReport {
            try StandInControl().reset()
            var environment = try KunlunStandIn.environment(operators)
            environment["KONGUR_KUNLUN_READINGS"] = readings
            let checkup = Checkup(KunlunInstallation(environment: environment), device: 1, KunlunDevice.Options())
            return checkup.run(version: "test") { [("f16", try StandInModel("llama", .float16).compiled)] }
        }

        @Test func aSoundCardHasNoProblem() throws {
            let report = try report(readings: "")
            #expect(report.problems == [])
            #expect(report.device?.address == "0001:03:00.0" && report.device?.temperature == 41)
            let attention = report.operations.filter { $0.operation == "paged_attention" }
            // Rows of one sequence, of three counts, and of three.
            #expect(attention.count == 4 && attention.allSatisfy(\.isGood))
            #expect(report.readings.map(\.name) == ["swiglu.gate"])
            #expect(report.readings.first?.choices.map(\.isUsed) == [true, false])
            #expect(report.readings.first?.choices.map(\.check.isGood) == [true, false])
            // The choice that was in use is in use again.
            #expect(report.tokens.allSatisfy(\.isEqual) && report.tokens.count == 1)
        }

        @Test func theReadingThatHoldsIsNamed() throws {
            let report = try report(readings: "swiglu.gate=second")
            #expect(report.readings.first?.choices.map(\.isUsed) == [false, true])
            #expect(report.readings.first?.choices.map(\.check.isGood) == [true, false])
            #expect(report.problems.contains { $0.contains("set KONGUR_KUNLUN_READINGS=swiglu.gate=first") })
        }

        /// An operation that the CPU runs for the card is no answer to what the card does.
        @Test func whatRunsOnTheProcessorAnswersNothing() throws {
            let report = try report(readings: "swiglu.gate=second", .refusing)
            #expect(!report.problems.contains { $0.contains("KONGUR_KUNLUN_READINGS") })
            #expect(report.problems.contains { $0.contains("lacks 'swiglu'") })
        }
    }
}
