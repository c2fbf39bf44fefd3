import Foundation
import Kongur
import Testing

/// The bundled model held to formats that it has never seen, where it would rather say anything else.
@Suite(.serialized) struct AnswerFormatTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    private struct Person: Codable {
        struct Address: Codable {
            var street: String
            var number: Int
        }

        var name: String
        var age: Int?
        var tags: [String]
        var address: Address
    }

    private static let person = #"""
        {"type": "object", "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 10},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
            "address": {"type": "object", "properties": {"street": {"type": "string", "pattern": "^[A-Z][a-z]{1,5}$"},
                "number": {"type": "integer", "minimum": 1, "maximum": 99}}, "required": ["street", "number"]}
        }, "required": ["name", "tags", "address"], "additionalProperties": false}
        """#
    private static let amounts =
        #"{"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 10}, "minItems": 2, "maxItems": 2}"#
    private static let either = #"{"anyOf": [{"type": "boolean"}, {"type": "string", "format": "date"}]}"#

    private func parameters(_ schema: String, _ seed: UInt64) -> GenerationParameters {
        GenerationParameters(maxNewTokens: 900, temperature: 1, seed: seed, format: .jsonSchema(schema))
    }

    private func check(_ schema: String, _ answer: String) throws {
        let data = Data(answer.utf8)
        switch schema {
        case Self.person:
            let person = try JSONDecoder().decode(Person.self, from: data)
            #expect((1...10).contains(person.name.unicodeScalars.count) && (0...150).contains(person.age ?? 0))
            #expect(person.tags.count <= 2 && person.tags.allSatisfy { $0 == "a" || $0 == "b" })
            #expect(person.address.street.wholeMatch(of: /[A-Z][a-z]{1,5}/) != nil)
            #expect((1...99).contains(person.address.number))
        case Self.amounts:
            let amounts = try JSONDecoder().decode([Double].self, from: data)
            #expect(amounts.count == 2 && amounts.allSatisfy { (0...10).contains($0) })
        default:
            #expect(answer == "true" || answer == "false" || answer.wholeMatch(of: /"\d{4}-\d\d-\d\d"/) != nil)
        }
    }

    @Test func answersHaveTheFormatAtEverySeedAndInBatches() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        let schemas = [Self.person, Self.amounts, Self.either]
        var alone: [String: String] = [:]
        var complete = 0
        for schema in schemas {
            for seed in 0..<4 as Range<UInt64> {
                let result = try await model.answer("What is \(seed) + 5?", parameters(schema, seed))
                alone["\(seed) \(schema)"] = result.text
                // A model this small may think until its length is over; what it answers has the format.
                guard result.finishReason == .stop else { continue }
                complete += 1
                #expect(!result.reasoning.isEmpty)
                try check(schema, result.answer.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        #expect(complete >= 9)
        let together = try await withThrowingTaskGroup(of: (String, String).self) { group in
            for schema in schemas {
                for seed in 0..<4 as Range<UInt64> {
                    let parameters = parameters(schema, seed)
                    group.addTask {
                        ("\(seed) \(schema)", try await model.answer("What is \(seed) + 5?", parameters).text)
                    }
                }
            }
            return try await group.reduce(into: [String: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(together == alone)
    }

    @Test func objectIsAnObject() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        let parameters = GenerationParameters(maxNewTokens: 900, temperature: 0, format: .jsonObject)
        let result = try await model.answer("What is 47 + 385?", parameters)
        // It may go on for as long as it may; what there is begins an object, behind white space perhaps.
        #expect(result.answer.first { !$0.isWhitespace } ?? "{" == "{")
        if result.finishReason == .stop {
            #expect(try JSONSerialization.jsonObject(with: Data(result.answer.utf8)) is [String: Any])
        }
    }

    @Test func schemaThatIsNoneIsRefused() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        for (schema, words) in [
            ("{", "the schema of the answer: byte 1"), (#"{"items": {"not": {}}}"#, "#/items: the keyword 'not'"),
        ] {
            let error = await #expect(throws: KongurError.self) { try await model.answer("1", parameters(schema, 0)) }
            #expect(error?.code == .invalidInput && error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }
}
