/// What an answer may look like, byte by byte: words (automata) in sequences, alternatives and repetitions, some of them
/// within each other.
///
/// A graph of nodes, each of which knows what follows it. Every node can be completed, so that an answer that follows
/// the grammar never gets stuck. Immutable; any number of matchers may follow it at the same time.
package final class Grammar: Sendable {
    enum Node: Sendable {
        /// The end of what was entered last, or of the answer.
        case end
        /// A word whose count lies between two bounds.
        case word(Automaton, least: Int, most: Int, next: Int)
        /// What begins at `target` and goes to its end, then `next`.
        case call(target: Int, next: Int)
        case choice([Int])
        /// What begins at `body` and goes to its end, from `least` to `most` times, then `next`.
        case repetition(body: Int, least: Int, most: Int, next: Int)
    }

    let nodes: [Node]
    let root: Int

    /// About how much memory this takes, in bytes.
    package let size: Int

    init(nodes: [Node], root: Int) {
        self.nodes = nodes
        self.root = root
        var automata: [ObjectIdentifier: Int] = [:]
        for case .word(let automaton, _, _, _) in nodes { automata[ObjectIdentifier(automaton)] = automaton.size }
        size = automata.values.reduce(nodes.count * MemoryLayout<Node>.stride, +)
    }
}
