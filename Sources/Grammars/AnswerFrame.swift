package import Tokenizers

/// What stands around the value that a schema describes.
package struct AnswerFrame: Sendable {
    /// Thinking before the answer, in which everything is allowed.
    package enum Thinking: Sendable {
        case none
        /// The answer may begin with `opening`, and then goes on as in `open`.
        case possible(opening: String, end: Automaton)
        /// The text begins inside, and goes through `end`.
        case open(end: Automaton)
    }

    package var thinking: Thinking
    /// Text that must precede and follow the value.
    package var prefix: String
    package var suffix: String
    /// How many values there may be, each in its prefix and suffix, with a line break before all but the first.
    package var most: Int
    /// Whether the answer is the value to the letter, without blanks before it.
    var isExact = false

    package init(thinking: Thinking = .none, prefix: String = "", suffix: String = "", most: Int = 1) {
        self.thinking = thinking
        self.prefix = prefix
        self.suffix = suffix
        self.most = most
    }

    /// The most blanks and line breaks before the value.
    private static let mostSpace = 4

    /// The node before `value`, which has the suffix behind it already.
    func begin(_ builder: inout GrammarBuilder, _ value: Int) -> Int {
        var answer = prefix.isEmpty ? value : builder.literal(prefix, then: value)
        if most > 1 {
            let another = builder.literal("\n", then: answer)
            let others = Grammar.Node.repetition(body: another, least: 0, most: most - 1, next: GrammarBuilder.end)
            answer = builder.call(answer, then: builder.add(others))
        }
        let begun = isExact ? answer : builder.word(.leadingSpace, most: Self.mostSpace, then: answer)
        // Line breaks behind thinking belong to it.
        let behindThought = isExact ? builder.word(.lineBreaks, most: Self.mostSpace, then: answer) : begun
        switch thinking {
        case .none: return begun
        case .open(let end): return builder.word(end, then: behindThought)
        case .possible(let opening, let end):
            let thought = builder.word(end, then: behindThought)
            return builder.choice([builder.literal(opening, then: thought), begun])
        }
    }
}

extension Grammar {
    /// The grammar of the values that a JSON schema describes.
    ///
    /// Throws `GrammarError`, which names the place in the schema. Takes a few milliseconds for ordinary schemas and a
    /// fraction of a second for the largest that are not refused. The grammar holds what it draws from the ledger.
    package static func jsonSchema(
        _ schema: JSONValue,
        in frame: AnswerFrame = AnswerFrame(),
        _ resources: GrammarResources = GrammarResources()
    ) throws(GrammarError) -> Grammar {
        try SchemaCompiler.grammar(schema, around: frame, resources)
    }
}
