import Grammars
import InferenceEngine

/// Holds an answer to a grammar; the answer may end where the grammar may.
struct FormatConstraint: TokenConstraint {
    let vocabulary: FormatVocabulary
    let stopTokenIDs: Set<Int>
    /// Those of the stop tokens that may stand in the answer, too, and end it there: whoever asked chose them.
    var chosenStopIDs: Set<Int> = []
    /// The choice that is left to the model at the beginning of the answer.
    var thinking: OfferedThinking?
    private var matcher: Matcher
    /// Bytes that were drawn, of which the matcher has followed some.
    private var drawn: [UInt8] = []
    private var followedCount = 0
    /// The matcher's readings whose tokens are in the mask.
    private var maskedCount = 0

    private static let largestID = 1 << 24

    init(vocabulary: FormatVocabulary, stopTokenIDs: Set<Int>, matcher: Matcher) {
        self.vocabulary = vocabulary
        // Those that no vocabulary has cannot be drawn, and must not make the masks arbitrarily large.
        self.stopTokenIDs = stopTokenIDs.filter { (0...Self.largestID).contains($0) }
        self.matcher = matcher
    }

    mutating func narrow(_ mask: inout [UInt64], by logits: [Float]) {
        guard let thinking else { return }
        self.thinking = nil
        guard !thinking.isWanted(logits, vocabulary) else { return }
        matcher = thinking.without
        for (id, bytes) in vocabulary.thoughtBeginnings where id >> 6 < mask.count {
            var matcher = matcher
            if !matcher.advance(bytes) { mask[id >> 6] &= ~(1 << UInt64(id & 63)) }
        }
    }

    mutating func advance(_ token: Int) -> Bool {
        thinking = nil
        if stopTokenIDs.contains(token) { return true }
        guard let bytes = vocabulary.bytes(of: token) else { return false }
        drawn += bytes
        return true
    }

    mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) throws(EngineError) -> Bool {
        var meter = WorkMeter(left: work.left, pieceLimit: work.pieceLimit)
        defer { work.left = meter.left }
        guard try follow(&meter) else { return false }
        guard vocabulary.grammar.allowedTokens(&matcher, into: &mask, done: &maskedCount, &meter) else {
            if meter.isHopeless { throw Self.tooAmbiguous }
            return false
        }
        maskedCount = 0
        for id in stopTokenIDs {
            while mask.count <= id >> 6 { mask.append(0) }
            let bit: UInt64 = 1 << UInt64(id & 63)
            if matcher.mayEnd {
                mask[id >> 6] |= bit
            } else if !chosenStopIDs.contains(id) {
                mask[id >> 6] &= ~bit
            }
        }
        return true
    }

    /// Lets the matcher follow what was drawn; false when there is more to follow.
    private mutating func follow(_ meter: inout WorkMeter) throws(EngineError) -> Bool {
        while followedCount < drawn.count {
            switch matcher.advance(drawn[followedCount], &meter) {
            case true?: followedCount += 1
            case false?: throw .noAllowedToken
            case nil:
                if meter.isHopeless { throw Self.tooAmbiguous }
                return false
            }
        }
        drawn.removeAll(keepingCapacity: true)
        followedCount = 0
        return true
    }

    private static let tooAmbiguous = EngineError(
        .noAllowedToken,
        "the answer can be read in too many ways in the form that it must have: let the alternatives of the schema begin differently"
    )
}

/// Thinking that an answer may begin with if the model would begin so without a format.
struct OfferedThinking: Sendable {
    /// The answer without thinking.
    let without: Matcher
    /// Whether template or vocabulary have the tag; otherwise its first character alone says nothing.
    let isKnown: Bool

    func isWanted(_ logits: [Float], _ vocabulary: FormatVocabulary) -> Bool {
        guard let first = logits.indices.max(by: { logits[$0] < logits[$1] }) else { return false }
        let bytes = vocabulary.thoughtBeginnings.first { $0.id == first }?.bytes
        return bytes.map { isKnown || $0.count > 1 } ?? false
    }
}
