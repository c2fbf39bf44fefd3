import InferenceEngine
import Tokenizers

/// Ends thinking that takes too long: the closing tag is then all that may come, and behind it an answer must.
///
/// The tokens of the tag are drawn like all others, from the one token that may come, so that whatever holds for drawn
/// tokens holds for them. Until the tag nothing is different from an answer without a budget, except that thinking cannot
/// end the whole answer. Thinking that was ended cannot begin again.
struct ThinkingConstraint: TokenConstraint {
    /// The most tokens that are kept for the answer; where the longest answer is short, a quarter of it.
    static let answerTokens = 1024

    private let tokenizer: Tokenizer
    private let stopTokenIDs: Set<Int>
    private let vocabularySize: Int
    /// Tokens of thinking.
    private let budget: Int
    /// Tokens, from the first, behind which the tag must begin for an answer to have room.
    private let lastStart: Int

    /// What the answer must look like.
    private var format: FormatConstraint?
    /// What it must look like without a format when its thinking was ended.
    private let answer: FormatConstraint
    private var detokenizer: AnswerDetokenizer
    private var splitter: ReasoningSplitter
    private var drawnTokens = 0
    private var thinkingTokens = 0
    /// The tokens of the closing tag that are still to come, last one first; nil before it was put in.
    private var ending: [Int]?

    /// `room` is how many tokens thinking and answer can have together; `opening` is not `.answer`.
    init(
        budget: Int,
        room: Int,
        _ tokenizer: Tokenizer,
        _ splitter: ReasoningSplitter,
        format: FormatConstraint?,
        answer: FormatConstraint,
        vocabularySize: Int
    ) {
        self.tokenizer = tokenizer
        self.splitter = splitter
        self.budget = budget
        self.format = format
        self.answer = answer
        self.vocabularySize = vocabularySize
        stopTokenIDs = answer.stopTokenIDs
        detokenizer = AnswerDetokenizer(tokenizer)
        let tag = tokenizer.encode(splitter.ending).count
        lastStart = room - min(Self.answerTokens, room / 4) - tag
        endThinkingIfDue()
    }

    mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) throws(EngineError) -> Bool {
        if let token = ending?.last {
            mask.removeAll(keepingCapacity: true)
            mask.append(contentsOf: repeatElement(0, count: token >> 6 + 1))
            mask[token >> 6] = 1 << UInt64(token & 63)
            return true
        }
        if let isComplete = try format?.allowedTokens(into: &mask, &work) {
            guard isComplete else { return false }
        } else {
            mask.removeAll(keepingCapacity: true)
            mask.append(contentsOf: repeatElement(.max, count: (vocabularySize + 63) / 64))
        }
        guard splitter.isReasoning else { return true }
        for id in stopTokenIDs where id >> 6 < mask.count { mask[id >> 6] &= ~(1 << UInt64(id & 63)) }
        return true
    }

    mutating func narrow(_ mask: inout [UInt64], by logits: [Float]) {
        if ending?.last == nil { format?.narrow(&mask, by: logits) }
    }

    mutating func advance(_ token: Int) -> Bool {
        guard format?.advance(token) ?? true else { return false }
        drawnTokens += 1
        if splitter.isReasoning { thinkingTokens += 1 }
        _ = splitter.append(detokenizer.append(token))
        if ending?.popLast() != nil {
            if ending?.isEmpty == true, format == nil { format = answer }
        } else {
            endThinkingIfDue()
        }
        return true
    }

    private mutating func endThinkingIfDue() {
        guard ending == nil, splitter.isReasoning, thinkingTokens >= budget || drawnTokens >= lastStart else { return }
        ending = tokenizer.encode(splitter.ending).reversed()
    }
}
