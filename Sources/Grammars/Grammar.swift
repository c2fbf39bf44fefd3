import MemoryAccounting

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
    /// What of the schema answers are not held to, each with its place.
    package let relaxed: [String]
    /// What is drawn from the ledger for it.
    private let leases: [MemoryLease]

    /// What either of two grammars allows.
    package convenience init(either one: Grammar, or other: Grammar) {
        let moved = other.nodes.map { $0.moved(by: one.nodes.count) }
        let roots = [one.root, other.root + one.nodes.count]
        self.init(
            nodes: one.nodes + moved + [.choice(roots)],
            root: one.nodes.count + moved.count,
            leases: one.leases + other.leases,
            relaxed: one.relaxed + other.relaxed
        )
    }

    /// `budget` is what making the nodes was drawn from.
    convenience init(nodes: [Node], root: Int, _ budget: CompileBudget, relaxed: [String]) {
        let lease = budget.lease(of: Self.size(of: nodes))
        self.init(nodes: nodes, root: root, leases: lease.map { [$0] } ?? [], relaxed: relaxed)
    }

    init(nodes: [Node], root: Int, leases: [MemoryLease] = [], relaxed: [String] = []) {
        self.nodes = nodes
        self.root = root
        self.leases = leases
        self.relaxed = relaxed
        size = Self.size(of: nodes)
    }

    private static func size(of nodes: [Node]) -> Int {
        var automata: [ObjectIdentifier: Int] = [:]
        for case .word(let automaton, _, _, _) in nodes { automata[ObjectIdentifier(automaton)] = automaton.size }
        return automata.values.reduce(nodes.count * MemoryLayout<Node>.stride, +)
    }
}

extension Grammar.Node {
    /// The node where all nodes stand so many places further.
    fileprivate func moved(by offset: Int) -> Grammar.Node {
        switch self {
        case .end: .end
        case .word(let automaton, let least, let most, let next):
            .word(automaton, least: least, most: most, next: next + offset)
        case .call(let target, let next): .call(target: target + offset, next: next + offset)
        case .choice(let all): .choice(all.map { $0 + offset })
        case .repetition(let body, let least, let most, let next):
            .repetition(body: body + offset, least: least, most: most, next: next + offset)
        }
    }
}
