import Foundation
import Logging
import Testing

@testable import KongurCLI

@Suite struct LogFormatTests {
    private let time = Date(timeIntervalSince1970: 1_000_000_000.25)
    private let fields: Logger.Metadata = [
        "plain": "a-b", "forged": "x level=error\nline", "count": .stringConvertible(3),
        "rate": .stringConvertible(0.5), "lost": .stringConvertible(Double.nan), "time": "mine", "list": ["a", "b"],
        "truth": .stringConvertible(true), "é": "𝄞",
    ]

    @Test func textHasAFieldForEach() {
        let line = LogFormat.text.line(.notice, "two words", fields, at: time)
        #expect(line.hasPrefix(#"2001-09-09T01:46:40.250Z notice "two words" count=3 "#))
        #expect(line.contains(#" forged="x level=error\u000aline" "#) && line.contains(" plain=a-b "))
        #expect(line.utf8.allSatisfy { 0x20...0x7E ~= $0 })
    }

    @Test func jsonIsOneObjectWithNumbersAsSuch() throws {
        let line = LogFormat.json.line(.notice, "two \"words\"\n", fields, at: time)
        #expect(line.utf8.allSatisfy { 0x20...0x7E ~= $0 })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["time"] as? String == "2001-09-09T01:46:40.250Z" && object["level"] as? String == "notice")
        #expect(object["message"] as? String == "two \"words\"\n" && object["field_time"] as? String == "mine")
        #expect(object["count"] as? Int == 3 && object["rate"] as? Double == 0.5 && object["truth"] as? Bool == true)
        // JSON has no number for it.
        #expect(object["lost"] as? String == "nan" && object["list"] as? [String] == ["a", "b"])
        #expect(object["forged"] as? String == "x level=error\nline" && object["é"] as? String == "𝄞")
    }

    @Test func servicesOfKubernetesAreNoSettings() {
        let environment = SettingsEnvironment(
            [
                "KONGUR_PORT": "tcp://10.0.0.1:80", "KONGUR_PORT_80_TCP": "tcp://10.0.0.1:80",
                "KONGUR_SERVICE_HOST": "10.0.0.1", "KONGUR_SERVICE_PORT": "80", "KONGUR_HOST": "127.0.0.2",
                "PATH": "/bin",
            ],
            settings: ["port", "host"]
        )
        #expect(environment.variables == ["KONGUR_HOST": "127.0.0.2", "PATH": "/bin"])
        #expect(environment.warnings.isEmpty && environment.notes.count == 1)
        let plain = SettingsEnvironment(["KONGUR_PORT": "80", "KONGUR_HSOT": "x"], settings: ["port", "host"])
        #expect(plain.variables["KONGUR_PORT"] == "80" && plain.notes.isEmpty)
        #expect(plain.warnings.count == 1 && plain.warnings[0].contains("did you mean KONGUR_HOST?"))
    }
}
