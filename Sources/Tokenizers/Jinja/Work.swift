/// How much a template may do before it is stopped, counted as it runs.
struct Work {
    /// Evaluations, items and 16-byte pieces of text.
    static let mostSteps = 5_000_000
    /// Bytes of the rendered text, and of any text on the way to it.
    static let longestText = 64 << 20
    /// Expressions, blocks and macro calls inside each other.
    static let deepest = 150

    private var steps = 0
    private(set) var depth = 0

    mutating func charge(_ count: Int = 1) throws(TokenizerError) {
        steps += count
        guard steps <= Self.mostSteps else {
            throw TokenizerError(.limitExceeded, "chat template: more than \(Self.mostSteps) steps of work")
        }
    }

    /// Charges for making a text of `bytes`, of which `added` are new work (all, if nil).
    mutating func charge(text bytes: Int, adding added: Int? = nil) throws(TokenizerError) {
        guard bytes <= Self.longestText else {
            throw TokenizerError(.limitExceeded, "chat template: a text of more than \(Self.longestText) bytes")
        }
        try charge((added ?? bytes) / 16 + 1)
    }

    mutating func enter() throws(TokenizerError) {
        try charge()
        depth += 1
        guard depth <= Self.deepest else {
            throw TokenizerError(.limitExceeded, "chat template: more than \(Self.deepest) levels of nesting")
        }
    }

    mutating func leave() { depth -= 1 }
}
