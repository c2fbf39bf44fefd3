import Grammars
import InferenceEngine

/// Holds an answer to a grammar; the answer may end where the grammar may.
struct FormatConstraint: TokenConstraint {
    let vocabulary: FormatVocabulary
    let stopTokenIDs: Set<Int>
    var matcher: Matcher

    mutating func allowedTokens(into mask: inout [UInt64]) {
        vocabulary.grammar.allowedTokens(&matcher, into: &mask)
        for id in stopTokenIDs {
            while mask.count <= id >> 6 { mask.append(0) }
            let bit: UInt64 = 1 << UInt64(id & 63)
            if matcher.mayEnd { mask[id >> 6] |= bit } else { mask[id >> 6] &= ~bit }
        }
    }

    mutating func advance(_ token: Int) -> Bool {
        if stopTokenIDs.contains(token) { return true }
        guard let bytes = vocabulary.bytes(of: token) else { return false }
        return matcher.advance(bytes)
    }
}
