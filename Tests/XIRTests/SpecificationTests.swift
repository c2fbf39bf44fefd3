import Foundation
import Testing
import XIR

/// `docs/xir.md` says what the tables say.
@Suite struct SpecificationTests {
    private static let path = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/xir.md")
    private static let marker = "--filter SpecificationTests -->\n"

    @Test func documentIsMadeFromTheTables() throws {
        let text = try String(contentsOf: Self.path, encoding: .utf8)
        let marker = try #require(text.range(of: Self.marker))
        let made = text[..<marker.upperBound] + "\n" + Self.rules + "\n" + Self.operations
        if GoldenTests.isUpdating {
            try Data(made.utf8).write(to: Self.path)
        } else {
            let remedy: Comment =
                "docs/xir.md is stale: KONGUR_UPDATE_GOLDEN=1 swift test -c release --filter SpecificationTests"
            #expect(text == made, remedy)
        }
    }

    private static var rules: String {
        VerifierRules.all.enumerated().map { "* **V\($0 + 1)** \($1)\n" }.joined()
    }

    private static var operations: String {
        OperationTable.sections.map { section in
            "## \(section.title)\n\n" + section.definitions.map(entry).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func entry(_ definition: OperationDefinition) -> String {
        var lines = ["### `\(definition.name)(\(signature(definition)))`", "", definition.summary, ""]
        for attribute in definition.attributes {
            let optional = attribute.required ? "" : ", may be left out"
            lines.append("* attribute `\(attribute.name)`: \(attribute.kind.rawValue)\(optional)")
        }
        for (index, constraint) in definition.constraints.enumerated() {
            lines.append("* **C\(index + 1)** \(constraint)")
        }
        if definition.isCommutative { lines.append("* The order of the operands does not matter.") }
        for operand in definition.updates { lines.append("* Updates `\(definition.operands[operand])` in place.") }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func signature(_ definition: OperationDefinition) -> String {
        let names = definition.operands.enumerated().map { $0 < definition.requiredOperands ? $1 : "[\($1)]" }
        return names.joined(separator: ", ") + (definition.variadic ? ", ..." : "")
    }
}
