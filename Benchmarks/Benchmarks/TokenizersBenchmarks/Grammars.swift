import Grammars
import Tokenizers
import Yardsticks

/// What a format costs for each token, and once for each schema.
func measureGrammars(_ tokenizer: Tokenizer) throws {
    let schema = try JSONValue(parsing: nestedSchema)
    measure("allowed-tokens", beside: .processor) {
        let writing = try Writing(tokenizer, Grammar.jsonSchema(schema))
        return Work { writing.next() }
    }
    measure("compile-schema", beside: .processor) {
        Work { for _ in 0..<10 { _ = try Grammar.jsonSchema(schema) } }
    }
}

/// A document that follows the schema, token by token and again from the beginning.
private final class Writing {
    private let vocabulary: TokenGrammar
    private let places: [Matcher]
    private var place = 0
    private var mask: [UInt64] = []

    init(_ tokenizer: Tokenizer, _ grammar: Grammar) throws {
        vocabulary = TokenGrammar(vocabularySize: tokenizer.vocabularySize) { id in
            tokenizer.isSpecial(id) ? nil : tokenizer.bytes(of: id)
        }
        var matcher = Matcher(grammar)
        var places = [matcher]
        for id in tokenizer.encode(nestedDocument) {
            guard matcher.advance(tokenizer.bytes(of: id) ?? []) else { throw NotInTheGrammar(id: id) }
            places.append(matcher)
        }
        self.places = places
        // What is found out once is not measured.
        for _ in places { next() }
    }

    func next() {
        var matcher = places[place]
        vocabulary.allowedTokens(&matcher, into: &mask)
        place = (place + 1) % places.count
    }

    private struct NotInTheGrammar: Error {
        var id: Int
    }
}

private let nestedSchema = ##"""
    {"type": "object", "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 80},
        "summary": {"type": "string"},
        "due": {"type": "string", "format": "date"},
        "priority": {"enum": ["low", "medium", "high"]},
        "estimate": {"type": "number", "minimum": 0},
        "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
        "owner": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {
            "name": {"type": "string"}, "email": {"type": "string", "format": "email"}}, "required": ["name"]}]}
    }, "required": ["title", "summary", "steps", "owner"], "$defs": {"step": {"type": "object", "properties": {
        "text": {"type": "string"}, "minutes": {"type": "integer", "minimum": 1, "maximum": 600},
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}}}, "required": ["text", "minutes"]}}}
    """##

private let nestedDocument = #"""
    {
      "title": "Move the library to the new building",
      "summary": "All 12,000 books go to the second floor; shelves first, then boxes \"in order\".\nÜber alles: keep the catalogue.",
      "due": "2026-11-30",
      "priority": "high",
      "estimate": 42.5,
      "steps": [
        {"text": "Measure the shelves", "minutes": 90, "steps": []},
        {"text": "Pack", "minutes": 480, "steps": [
          {"text": "Fiction, by author", "minutes": 200},
          {"text": "Everything else 图书", "minutes": 280, "steps": []}
        ]}
      ],
      "owner": {"name": "Ada", "email": "ada@library.example"}
    }
    """#
