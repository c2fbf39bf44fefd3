/// Puts an automaton together state by state; the caller sees to it that every state can reach an accepting one.
struct AutomatonBuilder {
    /// About the bytes that a state and an edge take while they are put together.
    static let (stateSize, edgeSize) = (80, 24)

    struct Edge {
        var bytes: ClosedRange<UInt8>
        var target: Int
        var counts = false
    }

    private(set) var edges: [[Edge]] = []
    private(set) var accepting: [Bool] = []

    mutating func state(accepting isAccepting: Bool = false) -> Int {
        edges.append([])
        accepting.append(isAccepting)
        return edges.count - 1
    }

    mutating func accept(_ state: Int) {
        accepting[state] = true
    }

    mutating func edge(_ from: Int, _ bytes: ClosedRange<UInt8>, _ target: Int, counts: Bool = false) {
        edges[from].append(Edge(bytes: bytes, target: target, counts: counts))
    }

    mutating func edges(_ from: Int, _ bytes: String, _ target: Int, counts: Bool = false) {
        for byte in bytes.utf8 { edge(from, byte...byte, target, counts: counts) }
    }

    /// The same, within the memory of a budget.
    func automaton(at path: SchemaPath, _ budget: inout CompileBudget) throws(GrammarError) -> Automaton {
        let (classes, classCount, edgeCount) = layout
        let size = AutomatonTable.size(stateCount: edges.count, classCount: classCount, edgeCount: edgeCount)
        try budget.spend(size / 4, at: path)
        try budget.take(size + edges.count * 2 + 512, at: path)
        return automaton(classes, classCount, edgeCount)
    }

    /// The automaton that begins in state 0; edges of one state must not overlap.
    func automaton() -> Automaton {
        let (classes, classCount, edgeCount) = layout
        return automaton(classes, classCount, edgeCount)
    }

    private func automaton(_ classes: [UInt8], _ classCount: Int, _ edgeCount: Int) -> Automaton {
        let table = AutomatonTable(stateCount: edges.count, classCount: classCount, edgeCount: edgeCount) { state in
            edges[state].sorted { $0.bytes.lowerBound < $1.bytes.lowerBound }.flatMap { edge in
                let target = Int32(edge.target) << 1 | (edge.counts ? 1 : 0)
                return (classes[Int(edge.bytes.lowerBound)]...classes[Int(edge.bytes.upperBound)]).map {
                    AutomatonTable.Edge(byteClass: $0, target: target)
                }
            }
        }
        return Automaton(classes: classes, table, accepting: accepting)
    }

    /// The class of each byte, how many classes there are, and how many edges to classes.
    private var layout: (classes: [UInt8], classCount: Int, edgeCount: Int) {
        var isBoundary = [Bool](repeating: false, count: 257)
        for edge in edges.joined() {
            isBoundary[Int(edge.bytes.lowerBound)] = true
            isBoundary[Int(edge.bytes.upperBound) + 1] = true
        }
        var classes = [UInt8](repeating: 0, count: 256)
        for byte in 1..<256 { classes[byte] = classes[byte - 1] + (isBoundary[byte] ? 1 : 0) }
        let edgeCount = edges.joined().reduce(0) { count, edge in
            count + Int(classes[Int(edge.bytes.upperBound)] - classes[Int(edge.bytes.lowerBound)]) + 1
        }
        return (classes, Int(classes[255]) + 1, edgeCount)
    }

    /// Without the states that cannot reach an accepting one; nil when the first is one of those.
    func trimmed() -> AutomatonBuilder? {
        var sources = [[Int]](repeating: [], count: edges.count)
        for (state, edges) in edges.enumerated() {
            for edge in edges { sources[edge.target].append(state) }
        }
        var isLive = accepting
        var waiting = isLive.indices.filter { isLive[$0] }
        while let state = waiting.popLast() {
            for source in sources[state] where !isLive[source] {
                isLive[source] = true
                waiting.append(source)
            }
        }
        guard isLive.first == true else { return nil }
        var places = [Int](repeating: -1, count: edges.count)
        var result = AutomatonBuilder()
        for state in edges.indices where isLive[state] { places[state] = result.state(accepting: accepting[state]) }
        for state in edges.indices where isLive[state] {
            for edge in edges[state] where isLive[edge.target] {
                result.edge(places[state], edge.bytes, places[edge.target], counts: edge.counts)
            }
        }
        return result
    }
}
