import Tokenizers

/// Puts a grammar together from its end to its beginning.
struct GrammarBuilder {
    static let end = 0
    static let mostNodes = 100_000

    private(set) var nodes: [Grammar.Node] = [.end]
    private var literals: [ExactString: Automaton] = [:]

    mutating func add(_ node: Grammar.Node) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    mutating func word(_ automaton: Automaton, least: Int = 0, most: Int = .max, then next: Int) -> Int {
        add(.word(automaton, least: least, most: most, next: next))
    }

    mutating func literal(_ text: String, then next: Int) -> Int {
        let automaton = literals[ExactString(text)] ?? .words([text])
        literals[ExactString(text)] = automaton
        return word(automaton, then: next)
    }

    mutating func whitespace(then next: Int) -> Int {
        word(.whitespace, most: Automaton.mostBlanks, then: next)
    }

    mutating func call(_ target: Int, then next: Int) -> Int {
        add(.call(target: target, next: next))
    }

    mutating func choice(_ nodes: [Int]) -> Int {
        nodes.count == 1 ? nodes[0] : add(.choice(nodes))
    }

    /// A node that is defined later, by `define`.
    mutating func placeholder() -> Int { add(.choice([])) }

    mutating func define(_ placeholder: Int, as node: Int) {
        nodes[placeholder] = .choice([node])
    }

    /// Which nodes can be completed: a choice without alternatives cannot, nor can what needs it.
    func completable() -> [Bool] {
        var users = [[Int]](repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            switch node {
            case .end: break
            case .word(_, _, _, let next): users[next].append(index)
            case .call(let target, let next):
                users[target].append(index)
                users[next].append(index)
            case .choice(let all): for one in all { users[one].append(index) }
            case .repetition(let body, _, _, let next):
                users[body].append(index)
                users[next].append(index)
            }
        }
        var isDone = [Bool](repeating: false, count: nodes.count)
        isDone[Self.end] = true
        var waiting = [Self.end]
        while let done = waiting.popLast() {
            for user in users[done] where !isDone[user] {
                let completes =
                    switch nodes[user] {
                    case .end, .word, .choice: true
                    case .call(let target, let next): isDone[target] && isDone[next]
                    case .repetition(let body, let least, _, let next): isDone[next] && (least == 0 || isDone[body])
                    }
                if completes {
                    isDone[user] = true
                    waiting.append(user)
                }
            }
        }
        return isDone
    }

    /// The grammar from a node on, without what cannot be completed.
    func grammar(root: Int, _ completable: [Bool], _ budget: CompileBudget, relaxed: [String]) -> Grammar {
        let kept = nodes.map { node -> Grammar.Node in
            switch node {
            case .choice(let all): .choice(all.filter { completable[$0] })
            case .repetition(let body, let least, _, let next) where !completable[body]:
                .repetition(body: body, least: least, most: 0, next: next)
            default: node
            }
        }
        return Grammar(nodes: kept, root: root, budget, relaxed: relaxed)
    }
}
