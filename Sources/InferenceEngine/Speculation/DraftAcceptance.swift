/// How often a drafted token is right, by how many tokens agreed before it.
struct DraftAcceptance: Sendable, Hashable {
    /// For each agreement up to `NGramIndex.longest`: a mean in which what was long ago counts less.
    private var rates = [Double](repeating: 0.5, count: NGramIndex.longest + 1)

    /// The chances that the first token of a draft is right, that the first two are, and so on.
    func chances(_ draft: Draft) -> [Double] {
        var chance = 1.0
        return draft.tokens.indices.map { offset in
            chance *= rates[Self.agreement(draft, offset)]
            return chance
        }
    }

    /// Counts the `accepted` first tokens as right and the one after them as wrong; nothing is known of the rest.
    mutating func record(_ draft: Draft, accepted: Int, weight: Double) {
        for offset in 0..<min(accepted + 1, draft.tokens.count) {
            let agreement = Self.agreement(draft, offset)
            rates[agreement] += weight * ((offset < accepted ? 1 : 0) - rates[agreement])
        }
    }

    /// Each token that is right agrees, too, before the next.
    private static func agreement(_ draft: Draft, _ offset: Int) -> Int {
        min(draft.agreement + offset, NGramIndex.longest)
    }
}
