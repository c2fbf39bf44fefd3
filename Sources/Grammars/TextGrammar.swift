extension Grammar {
    /// Any text that has something to see in it and in which none of `marks` stands.
    package static func text(without marks: [String]) -> Grammar {
        var builder = GrammarBuilder()
        let root = builder.word(.text(without: marks.map { Array($0.utf8) }), then: GrammarBuilder.end)
        return Grammar(nodes: builder.nodes, root: root)
    }
}

extension Grammar {
    /// One of some texts.
    ///
    /// Throws `GrammarError` when there is none, for an empty one, and when they are too long together.
    package static func choice(
        _ texts: [String],
        in frame: AnswerFrame = AnswerFrame(),
        _ resources: GrammarResources = GrammarResources()
    ) throws(GrammarError) -> Grammar {
        let path = SchemaPath("the choice")
        guard !texts.isEmpty else { throw GrammarError(.unsatisfiable, path, "there is nothing to choose from") }
        guard !texts.contains("") else { throw GrammarError(.unsupported, path, "an answer cannot be empty") }
        var budget = CompileBudget(resources)
        return exact(try .words(texts, at: path, &budget), frame, budget)
    }

    /// The texts that match a regular expression of ECMAScript from beginning to end; see `PatternParser` for what of it is
    /// known.
    ///
    /// Throws `GrammarError`, which names the place in the pattern.
    package static func pattern(
        _ pattern: String,
        in frame: AnswerFrame = AnswerFrame(),
        _ resources: GrammarResources = GrammarResources()
    ) throws(GrammarError) -> Grammar {
        let path = SchemaPath("the regular expression")
        var budget = CompileBudget(resources)
        try budget.spend(pattern.utf8.count * CompileBudget.edge, at: path)
        try budget.take(pattern.utf8.count * 64, at: path)
        let expression = try PatternParser.parseWhole(pattern, at: path)
        guard let automaton = try expression.automaton(inString: false, at: path, &budget) else {
            throw GrammarError(.unsatisfiable, path, "no text matches it")
        }
        return exact(automaton, frame, budget)
    }

    private static func exact(_ automaton: Automaton, _ frame: AnswerFrame, _ budget: CompileBudget) -> Grammar {
        var (builder, frame) = (GrammarBuilder(), frame)
        frame.isExact = true
        let root = frame.begin(&builder, builder.word(automaton, then: GrammarBuilder.end))
        return Grammar(nodes: builder.nodes, root: root, budget, relaxed: [])
    }
}

extension Automaton {
    /// Any text with a byte that is no blank, and without some marks (Aho and Corasick, 1975).
    fileprivate static func text(without marks: [[UInt8]]) -> Automaton {
        var builder = AutomatonBuilder()
        let blank = builder.state()
        // By the longest beginning of a mark that stands at the end.
        var states: [ArraySlice<UInt8>: Int] = [:]
        for mark in marks {
            for count in mark.indices where states[mark[..<count]] == nil {
                states[mark[..<count]] = builder.state(accepting: true)
            }
        }
        func state(behind text: [UInt8]) -> Int? {
            if marks.contains(where: { text.suffix($0.count) == $0[...] }) { return nil }
            return (0...text.count).lazy.compactMap { states[text[$0...]] }.first
        }
        builder.edges(blank, " \t\r\n", blank)
        for byte in UInt8.min...UInt8.max where !" \t\r\n".utf8.contains(byte) {
            if let next = state(behind: [byte]) { builder.edge(blank, byte...byte, next) }
        }
        for (beginning, from) in states.sorted(by: { $0.value < $1.value }) {
            for byte in UInt8.min...UInt8.max {
                if let next = state(behind: beginning + [byte]) { builder.edge(from, byte...byte, next) }
            }
        }
        return builder.automaton()
    }
}
