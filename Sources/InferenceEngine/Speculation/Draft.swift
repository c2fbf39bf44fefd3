/// Tokens that may come next in a sequence.
struct Draft: Sendable, Hashable {
    var tokens: [Int32]
    /// How many tokens agreed before them; see `NGramIndex.Match`.
    var agreement: Int

    static let none = Draft(tokens: [], agreement: 0)

    var isEmpty: Bool { tokens.isEmpty }

    func prefix(_ count: Int) -> Draft {
        Draft(tokens: Array(tokens.prefix(count)), agreement: agreement)
    }
}
