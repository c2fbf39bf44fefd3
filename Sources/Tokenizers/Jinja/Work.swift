/// How much a template may do before it is stopped, counted as it runs.
///
/// What takes time in proportion to a text or a list is charged for its length, whatever it then finds.
struct Work {
    /// Evaluations, items and pieces of 16 characters.
    static let mostSteps = 3_000_000
    /// Characters of the rendered text, and of any text on the way to it.
    static let longestText = 16 << 20
    /// Expressions, blocks and macro calls inside each other.
    static let deepest = 150

    private let most: Int
    private var steps = 0
    private(set) var depth = 0

    init(most: Int = Self.mostSteps) { self.most = most }

    mutating func charge(_ count: Int = 1) throws(TokenizerError) {
        let (sum, overflow) = steps.addingReportingOverflow(count)
        steps = sum
        guard !overflow, steps <= most else {
            throw TokenizerError(.limitExceeded, "chat template: more than \(most) steps of work")
        }
    }

    /// Charges for reading or making a text of `count` characters.
    mutating func charge(text count: Int) throws(TokenizerError) {
        guard count <= Self.longestText else {
            throw TokenizerError(.limitExceeded, "chat template: a text of more than \(Self.longestText) characters")
        }
        try charge(count / 16 + 1)
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
