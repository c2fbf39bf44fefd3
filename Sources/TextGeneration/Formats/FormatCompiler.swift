import Grammars
import Synchronization
import Tokenizers

/// Turns formats into constraints for one tokenizer, and keeps the grammars that were used last.
final class FormatCompiler: Sendable {
    /// How much memory the kept grammars may take together, about, and how many there may be.
    private static let mostBytes = 64 << 20
    private static let mostGrammars = 64

    private struct Key: Hashable {
        var format: AnswerFormat
        var opening: ReasoningSplitter.Opening
    }

    private struct State {
        var vocabulary: FormatVocabulary?
        /// The one that was used last is the last.
        var grammars: [(key: Key, grammar: Grammar)] = []
    }

    private let tokenizer: Tokenizer
    private static let thoughtEnd = Automaton.through(ReasoningSplitter.closingTag)
    private static let freeAnswer = Grammar.text(without: [ReasoningSplitter.openingTag, ReasoningSplitter.closingTag])
    private let state = Mutex(State())

    init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
    }

    /// What holds an answer to a format, where it may begin with thinking as `opening` says.
    ///
    /// Throws `.invalidFormat` with the place in the schema. The first call reads the whole vocabulary, in about 0.3 s for
    /// 150,000 tokens.
    func constraint(
        _ format: AnswerFormat,
        _ opening: ReasoningSplitter.Opening,
        stopTokenIDs: Set<Int>
    ) throws(TextGenerationError) -> FormatConstraint {
        constraint(try grammar(Key(format: format, opening: opening)), stopTokenIDs)
    }

    /// What an answer must be where no thinking may follow: any text without tags.
    func answer(stopTokenIDs: Set<Int>) -> FormatConstraint {
        constraint(Self.freeAnswer, stopTokenIDs)
    }

    private func constraint(_ grammar: Grammar, _ stopTokenIDs: Set<Int>) -> FormatConstraint {
        let vocabulary = state.withLock { state in
            let vocabulary = state.vocabulary ?? FormatVocabulary(tokenizer)
            state.vocabulary = vocabulary
            return vocabulary
        }
        return FormatConstraint(vocabulary: vocabulary, stopTokenIDs: stopTokenIDs, matcher: Matcher(grammar))
    }

    /// How many grammars are kept.
    var keptCount: Int { state.withLock { $0.grammars.count } }

    private func grammar(_ key: Key) throws(TextGenerationError) -> Grammar {
        let known = state.withLock { state -> Grammar? in
            guard let index = state.grammars.lastIndex(where: { $0.key == key }) else { return nil }
            let entry = state.grammars.remove(at: index)
            state.grammars.append(entry)
            return entry.grammar
        }
        if let known { return known }
        let grammar = try compile(key)
        state.withLock { state in
            state.grammars.append((key, grammar))
            var size = state.grammars.reduce(0) { $0 + $1.grammar.size }
            while state.grammars.count > 1, size > Self.mostBytes || state.grammars.count > Self.mostGrammars {
                size -= state.grammars.removeFirst().grammar.size
            }
        }
        return grammar
    }

    private func compile(_ key: Key) throws(TextGenerationError) -> Grammar {
        let thinking: AnswerFrame.Thinking =
            switch key.opening {
            case .answer: .none
            case .reasoning: .open(end: Self.thoughtEnd)
            case .undecided: .possible(opening: ReasoningSplitter.openingTag, end: Self.thoughtEnd)
            }
        return try key.format.grammar(thinking)
    }
}
