import Foundation
import KongurTesting
import Testing
import Tokenizers

@testable import Grammars

/// Grammars beside the `jsonschema` package: what is let through is valid, and valid documents are let through.
@Suite struct OracleTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let python = root.appendingPathComponent(".venv/bin/python").path
    static var isAvailable: Bool {
        let packages = "\(root.path)/.venv/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: packages)) ?? []
        return versions.contains {
            FileManager.default.fileExists(atPath: "\(packages)/\($0)/site-packages/jsonschema")
        }
    }

    static let schemas = [
        #"{"type": "object"}"#,
        #"{"type": "object", "properties": {"name": {"type": "string", "maxLength": 8}, "age": {"type": "integer", "minimum": 0, "maximum": 150}, "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 3}}, "required": ["name"], "additionalProperties": false}"#,
        #"{"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": ["boolean", "null"]}}, "additionalProperties": {"type": "integer"}}"#,
        #"{"type": "array", "prefixItems": [{"type": "integer"}, {"enum": ["x", "y", 3, null]}], "items": {"type": "boolean"}, "minItems": 2, "maxItems": 4}"#,
        ##"{"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}}, "required": ["value", "children"]}}}"##,
        #"{"anyOf": [{"type": "object", "properties": {"kind": {"const": "circle"}, "radius": {"type": "number", "minimum": 0, "maximum": 9}}, "required": ["kind", "radius"]}, {"type": "object", "properties": {"kind": {"const": "square"}, "side": {"type": "integer", "exclusiveMinimum": -3, "exclusiveMaximum": 12}}, "required": ["kind", "side"]}]}"#,
        #"{"type": "string", "pattern": "^[A-Z]{2}-\\d{1,3}(\\.[a-f]+)?$", "examples": ["AB-1", "XY-123.abc", "QQ-07"]}"#,
        #"{"type": "string", "pattern": "a|b.{1,3}c", "examples": ["a", "xbzc", "--b\"\\\\c--"]}"#,
        #"{"type": "string", "format": "date", "examples": ["2024-01-31", "1999-12-01"]}"#,
        #"{"type": "string", "format": "date-time", "examples": ["2024-01-31T12:00:00Z", "1999-12-01T23:59:59.125-08:00"]}"#,
        #"{"type": "string", "format": "time", "examples": ["12:00:00Z", "23:59:59.125+08:00"]}"#,
        #"{"type": "string", "format": "ipv4", "examples": ["10.0.0.1", "255.1.20.199"]}"#,
        #"{"type": "string", "format": "uuid", "examples": ["123e4567-e89b-12d3-a456-426614174000"]}"#,
        #"{"type": "string", "format": "email", "examples": ["a@b.org", "x.y+z@mail.example.com"]}"#,
        #"{"type": "integer", "minimum": -250, "maximum": 1047}"#,
        #"{"type": "number", "minimum": -12, "maximum": 105}"#,
        #"{"type": "array", "items": {"type": "array", "items": {"type": "string", "minLength": 2, "maxLength": 4}, "maxItems": 2}, "maxItems": 3}"#,
        #"{"type": "object", "properties": {"déjà \"vu\"": {"const": {"k": [1, null]}}}, "required": ["déjà \"vu\""]}"#,
    ]

    /// A random text that the grammar lets through; it hastens to the end after some bytes.
    private func sample(_ grammar: Grammar, _ random: inout SeededGenerator) -> String? {
        var matcher = Matcher(grammar)
        var bytes: [UInt8] = []
        while !matcher.mustEnd, bytes.count < 3000 {
            if matcher.mayEnd, random.next(below: 3) == 0 { break }
            let hurries = bytes.count > 60
            let allowed = (UInt8.min...UInt8.max).filter { byte in
                var copy = matcher
                return copy.advance(byte)
            }
            let closing = allowed.filter { Array(#"]}",:"#.utf8).contains($0) }
            let letters = allowed.filter { (0x61...0x7A).contains($0) }
            let pools = hurries ? [closing, letters] : [allowed, letters]
            let pool = pools[random.next(below: 2)]
            guard let byte = (pool.isEmpty ? allowed : pool).randomElement(using: &random) else { break }
            _ = matcher.advance(byte)
            bytes.append(byte)
        }
        return matcher.mayEnd ? String(validating: bytes, as: UTF8.self) : nil
    }

    @Test(.enabled(if: isAvailable, "needs .venv (requirements.txt) at the repository root"), .timeLimit(.minutes(5)))
    func agreesWithTheValidator() async throws {
        var random = SeededGenerator(5)
        var documents: [[String]] = []
        var grammars: [Grammar] = []
        for text in Self.schemas {
            await Task.yield()
            let grammar = try Grammar.jsonSchema(JSONValue(parsing: text))
            grammars.append(grammar)
            documents.append((0..<60).compactMap { _ in sample(grammar, &random) })
            #expect(documents.last?.count ?? 0 > 40, "\(text)")
        }
        let results = try judge(documents)
        for (index, result) in results.enumerated() {
            await Task.yield()
            for (document, isValid) in zip(documents[index], result.verdicts) {
                #expect(isValid, "let through for \(Self.schemas[index]): \(document)")
            }
            #expect(result.verdicts.count == documents[index].count && !result.valid.isEmpty && !result.mutated.isEmpty)
            for document in result.valid {
                #expect(grammars[index].accepts(document), "refused for \(Self.schemas[index]): \(document)")
            }
            for document in result.mutated where grammars[index].accepts(document.text) {
                #expect(document.isValid, "let through for \(Self.schemas[index]): \(document.text)")
            }
        }
        // The mutations do break something, and not everything.
        let mutated = results.flatMap(\.mutated)
        #expect(mutated.contains(where: \.isValid) && mutated.contains { !$0.isValid })
    }

    private struct Result: Decodable {
        struct Mutated: Decodable {
            var text: String
            var isValid: Bool
        }

        var verdicts: [Bool]
        var valid: [String]
        var mutated: [Mutated]
    }

    private func judge(_ documents: [[String]]) throws -> [Result] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("schemas-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (input, output) = (folder.appendingPathComponent("in.json"), folder.appendingPathComponent("out.json"))
        // Schemas as they stand, since the order of their members counts.
        let cases = try zip(Self.schemas, documents).map { schema, documents in
            let list = String(decoding: try JSONEncoder().encode(documents), as: UTF8.self)
            return "{\"schema\": \(schema), \"documents\": \(list)}"
        }
        try Data("[\(cases.joined(separator: ","))]".utf8).write(to: input)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.python)
        process.arguments = [Self.root.path + "/Tests/GrammarsTests/validate.py", input.path, output.path]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "validate.py: \(message.suffix(2000))")
        return try JSONDecoder().decode([Result].self, from: Data(contentsOf: output))
    }
}
