import Grammars

/// A format that is compiled: holding it keeps what was made, so that answers begin at once.
package final class PreparedFormat: Sendable {
    struct Key: Hashable, Sendable {
        var format: AnswerFormat
        var opening: ReasoningSplitter.Opening
    }

    let key: Key
    let grammar: Grammar
    /// The parts of its schemas that answers are not held to, because the request allowed that.
    package var relaxed: [String] { grammar.relaxed }

    init(_ key: Key, _ grammar: Grammar) {
        self.key = key
        self.grammar = grammar
    }

    /// About how much memory this takes, in bytes.
    var size: Int { grammar.size }
}
