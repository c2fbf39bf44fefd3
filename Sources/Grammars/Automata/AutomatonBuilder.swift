/// Puts an automaton together state by state; the caller sees to it that every state can reach an accepting one.
struct AutomatonBuilder {
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

    /// The automaton that begins in state 0; edges of one state must not overlap.
    func automaton() -> Automaton {
        var isBoundary = [Bool](repeating: false, count: 257)
        for edge in edges.joined() {
            isBoundary[Int(edge.bytes.lowerBound)] = true
            isBoundary[Int(edge.bytes.upperBound) + 1] = true
        }
        var classes = [UInt8](repeating: 0, count: 256)
        for byte in 1..<256 { classes[byte] = classes[byte - 1] + (isBoundary[byte] ? 1 : 0) }
        let classCount = Int(classes[255]) + 1
        var table = [Int32](repeating: Automaton.dead, count: edges.count * classCount)
        for (state, edges) in edges.enumerated() {
            for edge in edges {
                for byteClass in classes[Int(edge.bytes.lowerBound)]...classes[Int(edge.bytes.upperBound)] {
                    table[state * classCount + Int(byteClass)] = Int32(edge.target) << 1 | (edge.counts ? 1 : 0)
                }
            }
        }
        return Automaton(classes: classes, classCount: classCount, edges: table, accepting: accepting)
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
