/// Guesses how a sequence goes on from what it has said before, and keeps how often that was right.
struct Drafter: Sendable {
    private(set) var acceptance: DraftAcceptance
    private var index = NGramIndex()
    /// Drafts that did not pay since the last trial, and how many are let go until the next.
    private var declined = 0
    private var patience = firstPatience

    private static let firstPatience = 64
    private static let lastPatience = 512
    private static let weight = 0.1

    /// `acceptance` is what is expected until the sequence has shown its own.
    init(acceptance: DraftAcceptance) {
        self.acceptance = acceptance
    }

    /// The passage that ends like `tokens`, to which tokens have only been appended since the last call.
    mutating func match(_ tokens: [Int32]) -> NGramIndex.Match? {
        index.read(tokens)
        return index.match(tokens)
    }

    /// What followed a passage: at most `count` tokens, and none of `stopTokenIDs`.
    ///
    /// A passage that reaches the end goes on with the draft itself, so that a loop is drafted in full. A stop token ends
    /// the answer wherever it is drawn, so what follows it can be no use.
    static func draft(_ match: NGramIndex.Match, of tokens: [Int32], count: Int, stopTokenIDs: Set<Int>) -> Draft {
        var draft = Draft(tokens: [], agreement: match.agreement)
        for place in match.next..<match.next + count {
            let token = place < tokens.count ? tokens[place] : draft.tokens[place - tokens.count]
            if stopTokenIDs.contains(Int(token)) { break }
            draft.tokens.append(token)
        }
        return draft
    }

    /// Whether a draft is tried although it is not expected to pay: seldom, and more seldom each time.
    mutating func isTrialDue() -> Bool {
        declined += 1
        guard declined >= patience else { return false }
        declined = 0
        patience = min(2 * patience, Self.lastPatience)
        return true
    }

    /// Drafting pays again.
    mutating func resume() {
        declined = 0
        patience = Self.firstPatience
    }

    mutating func record(_ draft: Draft, accepted: Int) {
        acceptance.record(draft, accepted: accepted, weight: Self.weight)
    }
}
