import Synchronization

/// A deterministic automaton over bytes: one word of a grammar, such as a string, a number or a property's name.
///
/// Every state can reach an accepting one. Some edges count, and whoever runs the automaton may bound the count: that is
/// how one automaton serves strings of any lengths. A state that accepts then needs the least count, and such an
/// automaton has no edges behind accepting states. Immutable and shared by grammars: masks are cached by its identity.
package final class Automaton: Sendable {
    /// Where the automaton begins.
    static let start = 0
    static let dead: Int32 = -1
    private static let count = Atomic<UInt64>(0)

    /// No other automaton's, ever.
    let id = Automaton.count.add(1, ordering: .relaxed).newValue
    /// The class of each byte; bytes of one class lead to the same states.
    private let classes: [UInt8]
    private let table: AutomatonTable
    private let accepting: [Bool]
    private let continuing: [Bool]
    /// Whether some edge counts.
    let counts: Bool

    init(classes: [UInt8], _ table: AutomatonTable, accepting: [Bool]) {
        self.classes = classes
        self.table = table
        self.accepting = accepting
        counts = table.counts
        continuing = accepting.indices.map { table.goesOn($0) }
    }

    /// How much memory this takes, in bytes.
    var size: Int { table.size + accepting.count * 2 + classes.count + 200 }

    /// The state after a byte times two, plus one when the edge counts; or `dead`.
    @inline(__always)
    func edge(_ state: Int, _ byte: UInt8) -> Int32 {
        table.edge(state, classes.withUnsafeBufferPointer { $0[Int(byte)] })
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
