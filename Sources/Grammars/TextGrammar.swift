extension Grammar {
    /// Any text that has something to see in it and in which none of `marks` stands.
    package static func text(without marks: [String]) -> Grammar {
        var builder = GrammarBuilder()
        let root = builder.word(.text(without: marks.map { Array($0.utf8) }), then: GrammarBuilder.end)
        return Grammar(nodes: builder.nodes, root: root)
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
