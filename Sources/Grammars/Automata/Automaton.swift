/// A deterministic automaton over bytes: one word of a grammar, such as a string, a number or a property's name.
///
/// Every state can reach an accepting one. Some edges count, and whoever runs the automaton may bound the count: that is
/// how one automaton serves strings of any lengths. A state that accepts then needs the least count, and such an
/// automaton has no edges behind accepting states. Immutable and shared by grammars: masks are cached by its identity.
package final class Automaton: Sendable {
    /// Where the automaton begins.
    static let start = 0
    static let dead: Int32 = -1

    /// The class of each byte; bytes of one class lead to the same states.
    private let classes: [UInt8]
    private let classCount: Int
    /// By state and class: the state after it times two, plus one for an edge that counts; or `dead`.
    private let edges: [Int32]
    private let accepting: [Bool]
    private let continuing: [Bool]
    /// Whether some edge counts.
    let counts: Bool

    init(classes: [UInt8], classCount: Int, edges: [Int32], accepting: [Bool]) {
        self.classes = classes
        self.classCount = classCount
        self.edges = edges
        self.accepting = accepting
        counts = edges.contains { $0 != Self.dead && $0 & 1 == 1 }
        continuing = accepting.indices.map { state in
            edges[state * classCount..<(state + 1) * classCount].contains { $0 != Self.dead }
        }
    }

    /// How much memory this takes, in bytes.
    var size: Int { edges.count * 4 + accepting.count * 2 + classes.count }

    /// The state after a byte times two, plus one when the edge counts; or `dead`.
    @inline(__always)
    func edge(_ state: Int, _ byte: UInt8) -> Int32 {
        edges.withUnsafeBufferPointer { edges in
            classes.withUnsafeBufferPointer { edges[state &* classCount &+ Int($0[Int(byte)])] }
        }
    }

    /// Whether the word may end in a state.
    @inline(__always)
    func accepts(_ state: Int) -> Bool { accepting[state] }

    /// Whether the word may go on in a state.
    func goesOn(_ state: Int) -> Bool { continuing[state] }

    /// One byte for each class.
    var representatives: [UInt8] {
        var seen = Set<UInt8>()
        return (0...255).map(UInt8.init).filter { seen.insert(classes[Int($0)]).inserted }
    }
}
