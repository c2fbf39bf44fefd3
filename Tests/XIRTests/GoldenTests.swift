import Foundation
import Testing
import XIR

/// The files in `Golden`: one valid module for each operation, and invalid ones that begin with the message they give.
@Suite struct GoldenTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")

    /// Whether golden files are to be rewritten with what the code gives.
    static var isUpdating: Bool { ProcessInfo.processInfo.environment["KONGUR_UPDATE_GOLDEN"] == "1" }

    static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".xir") }.sorted()
    }

    @Test(arguments: OperationTable.standard.definitions.map(\.name))
    func operationVerifiesAndPrintsAsWritten(_ operation: String) throws {
        let file = Self.folder.appendingPathComponent("\(operation).xir")
        let text = try String(contentsOf: file, encoding: .utf8)
        let module = try Module(parsing: text)
        try module.verify()
        #expect(module.functions.contains { $0.operations.contains { $0.name == operation } })
        if Self.isUpdating { try module.text.write(to: file, atomically: true, encoding: .utf8) }
        #expect(module.text == text, "run KONGUR_UPDATE_GOLDEN=1 swift test --filter XIRTests.GoldenTests")
    }

    @Test func everyFileIsAnOperation() {
        let expected = OperationTable.standard.definitions.map { "\($0.name).xir" }.sorted()
        #expect(Self.names(in: Self.folder) == expected)
    }

    static let invalid = folder.appendingPathComponent("invalid")

    @Test(arguments: names(in: invalid))
    func brokenRuleIsNamed(_ name: String) throws {
        let text = try String(contentsOf: Self.invalid.appendingPathComponent(name), encoding: .utf8)
        let message = try #require(text.split(separator: "\n").first?.dropFirst("// ".count))
        let error = #expect(throws: XIRError.self) { try Module(parsing: text).verify() }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func everyRuleHasABrokenExample() throws {
        let texts = try Self.names(in: Self.invalid).map {
            try String(contentsOf: Self.invalid.appendingPathComponent($0), encoding: .utf8)
        }
        // Text cannot break V3: the parser refuses values that are not defined, or twice.
        for rule in 1...VerifierRules.all.count where rule != 3 {
            #expect(texts.contains { $0.contains("V\(rule): ") }, "V\(rule)")
        }
    }
}
