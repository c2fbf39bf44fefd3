/// How often a drafted token is right, by how many tokens agreed before it.
struct DraftAcceptance: Sendable, Hashable {
    /// For each agreement up to `NGramIndex.longest`: a mean in which what was long ago counts less.
    private var rates = [Double](repeating: 0.5, count: NGramIndex.longest + 1)

    /// Tokens that are hardly ever right are not worth looking at.
    private static let leastChance = 0.02

    /// The chances that the first token after an agreement is right, that the first two are, and so on.
    ///
    /// At most `limit` of them, and none below 2 %.
    func chances(agreement: Int, limit: Int) -> [Double] {
        var chances: [Double] = []
        var chance = 1.0
        for offset in 0..<max(0, limit) {
            chance *= rates[Self.index(agreement, offset)]
            guard chance >= Self.leastChance else { break }
            chances.append(chance)
        }
        return chances
    }

    /// Counts the `accepted` first tokens as right and the one after them as wrong; nothing is known of the rest.
    mutating func record(_ draft: Draft, accepted: Int, weight: Double) {
        for offset in 0..<min(accepted + 1, draft.tokens.count) {
            let index = Self.index(draft.agreement, offset)
            rates[index] += weight * ((offset < accepted ? 1 : 0) - rates[index])
        }
    }

    /// Each token that is right agrees, too, before the next.
    private static func index(_ agreement: Int, _ offset: Int) -> Int {
        min(agreement + offset, NGramIndex.longest)
    }
}
