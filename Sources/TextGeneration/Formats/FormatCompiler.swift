import Grammars
import MemoryAccounting
import Synchronization
import Tokenizers

/// Turns formats into constraints for one tokenizer, and keeps the grammars that were used last.
final class FormatCompiler: Sendable {
    /// How much memory the kept grammars may take together, about, and how many there may be.
    private static let mostBytes = 24 << 20
    private static let mostGrammars = 64
    /// How much memory the kept masks may take.
    private static let mostMaskBytes = 24 << 20

    private struct State {
        var vocabulary: FormatVocabulary?
        /// What is kept; the one that was used last is the last.
        var kept: [PreparedFormat] = []
        /// What somebody holds, be it kept or not.
        var held: [PreparedFormat.Key: WeakFormat] = [:]

        mutating func find(_ key: PreparedFormat.Key) -> PreparedFormat? {
            guard let format = held[key]?.format else { return nil }
            if let index = kept.lastIndex(where: { $0 === format }) { kept.append(kept.remove(at: index)) }
            return format
        }

        /// Forgets what was used longest ago until there is room; returns it, to be released without the lock.
        mutating func drop(to mostBytes: Int, count: Int) -> [PreparedFormat] {
            var size = kept.reduce(0) { $0 + $1.size }
            var dropped: [PreparedFormat] = []
            while !kept.isEmpty, size > mostBytes || kept.count > count {
                dropped.append(kept.removeFirst())
                size -= dropped[dropped.count - 1].size
            }
            return dropped
        }
    }

    private struct WeakFormat {
        weak var format: PreparedFormat?
    }

    private let tokenizer: Tokenizer
    private let memory: MemoryLedger?
    private static let thoughtEnd = Automaton.through(ReasoningSplitter.closingTag)
    private static let freeAnswer = Grammar.text(without: [ReasoningSplitter.openingTag, ReasoningSplitter.closingTag])
    private let state = Mutex(State())

    /// What is made and kept is drawn from `memory`, where there is one.
    init(_ tokenizer: Tokenizer, memory: MemoryLedger? = nil) {
        self.tokenizer = tokenizer
        self.memory = memory
        memory?.addCache { [weak self] in self?.release($0) }
    }

    /// Which answers of an undecided opening may begin with thinking.
    enum ThinkingOffer: Sendable {
        case always
        /// Those that the model would begin so; see `OfferedThinking`.
        case whereWanted(isKnown: Bool)
    }

    /// What holds an answer to a format, where it may begin with thinking as `opening` says.
    ///
    /// Throws what `prepare` throws. The first call reads the whole vocabulary, in about 0.3 s for 150,000 tokens.
    func constraint(
        _ format: AnswerFormat,
        _ opening: ReasoningSplitter.Opening,
        offersThinking offer: ThinkingOffer = .always,
        stopTokenIDs: Set<Int>,
        chosenStopIDs: Set<Int> = []
    ) throws(TextGenerationError) -> FormatConstraint {
        let formats = try prepare(format, opening, offersThinking: offer)
        var constraint = constraint(formats[0].grammar, stopTokenIDs)
        constraint.chosenStopIDs = chosenStopIDs
        if formats.count > 1, case .whereWanted(let isKnown) = offer {
            constraint.thinking = OfferedThinking(without: Matcher(formats[1].grammar), isKnown: isKnown)
        }
        return constraint
    }

    /// What an answer must be where no thinking may follow: any text without tags.
    func answer(stopTokenIDs: Set<Int>) -> FormatConstraint {
        constraint(Self.freeAnswer, stopTokenIDs)
    }

    /// Compiles a format, or finds what was made of it before; where thinking is offered to those who want it, also the
    /// format without thinking.
    ///
    /// Throws `.invalidFormat` and `.invalidTools` with the place in the schema, `.busy` when there is no memory for it, and
    /// `.ended` when `isEnded` said so.
    func prepare(
        _ format: AnswerFormat,
        _ opening: ReasoningSplitter.Opening,
        offersThinking offer: ThinkingOffer = .always,
        isEnded: @escaping @Sendable () -> Bool = { false }
    ) throws(TextGenerationError) -> [PreparedFormat] {
        let resources = GrammarResources(memory: memory, isEnded: isEnded)
        let whole = try prepared(PreparedFormat.Key(format: format, opening: opening), resources)
        guard opening == .undecided, case .whereWanted = offer else { return [whole] }
        return [whole, try prepared(PreparedFormat.Key(format: format, opening: .answer), resources)]
    }

    private func prepared(
        _ key: PreparedFormat.Key,
        _ resources: GrammarResources
    ) throws(TextGenerationError) -> PreparedFormat {
        if let known = state.withLock({ $0.find(key) }) { return known }
        let made = try compile(key, resources)
        let dropped = state.withLock { state in
            state.held = state.held.filter { $0.value.format != nil }
            state.held[key] = WeakFormat(format: made)
            state.kept.append(made)
            return state.drop(to: Self.mostBytes, count: Self.mostGrammars)
        }
        _ = dropped
        return made
    }

    private func constraint(_ grammar: Grammar, _ stopTokenIDs: Set<Int>) -> FormatConstraint {
        FormatConstraint(vocabulary: vocabulary, stopTokenIDs: stopTokenIDs, matcher: Matcher(grammar))
    }

    private var vocabulary: FormatVocabulary {
        if let known = state.withLock({ $0.vocabulary }) { return known }
        let made = FormatVocabulary(tokenizer, cacheSize: Self.mostMaskBytes, memory: memory)
        return state.withLock { state in
            let vocabulary = state.vocabulary ?? made
            state.vocabulary = vocabulary
            return vocabulary
        }
    }

    /// How many grammars are kept.
    var keptCount: Int { state.withLock { $0.kept.count } }

    /// Forgets about so many bytes of grammars; those that somebody holds stay where they are.
    private func release(_ byteCount: Int) {
        let dropped = state.withLock { state in
            let size = state.kept.reduce(0) { $0 + $1.size }
            return state.drop(to: max(0, size - byteCount), count: Self.mostGrammars)
        }
        _ = dropped
    }

    private func compile(
        _ key: PreparedFormat.Key,
        _ resources: GrammarResources
    ) throws(TextGenerationError) -> PreparedFormat {
        let thinking: AnswerFrame.Thinking =
            switch key.opening {
            case .answer: .none
            case .reasoning: .open(end: Self.thoughtEnd)
            case .undecided: .possible(opening: ReasoningSplitter.openingTag, end: Self.thoughtEnd)
            }
        return PreparedFormat(key, try key.format.grammar(thinking, resources))
    }
}
