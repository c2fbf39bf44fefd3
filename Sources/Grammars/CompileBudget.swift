package import MemoryAccounting

/// What making a grammar may use beside its own bounds.
package struct GrammarResources: Sendable {
    /// The ledger from which tables are drawn.
    package var memory: MemoryLedger?
    /// Asked now and then: true ends the work, because nobody waits for it or it took too long.
    package var isEnded: @Sendable () -> Bool
    /// Whether keywords that cannot be held are left out instead of refused; the grammar tells which.
    package var relaxes = false

    package init(memory: MemoryLedger? = nil, isEnded: @escaping @Sendable () -> Bool = { false }) {
        self.memory = memory
        self.isEnded = isEnded
    }
}

/// The work and the memory that one schema may cost, so that a hostile one fails in a fraction of a second.
///
/// Work is counted in nanoseconds or so, memory in bytes, both before they are spent.
struct CompileBudget {
    static let state = 1_000
    static let edge = 100
    /// The most bytes at a time, tables and what they are made of.
    static let mostBytes = 40 << 20

    private static let work = 40_000_000
    /// Between two looks at whether the work was ended.
    private static let interval = 500_000
    /// Bytes that are drawn from the ledger at once.
    private static let piece = 128 << 10

    private let resources: GrammarResources
    private let lease: MemoryLease?
    private var left = Self.work
    private var nextLook = Self.work
    /// Bytes that are taken, and those of them that are drawn.
    private(set) var taken = 0
    private var drawn = 0

    init(_ resources: GrammarResources = GrammarResources()) {
        self.resources = resources
        lease = resources.memory?.lease(for: .grammars)
    }

    /// Throws `.tooLarge`, naming `path`, when nothing is left, and `.ended` when the work was ended.
    mutating func spend(_ amount: Int, at path: SchemaPath) throws(GrammarError) {
        left -= amount
        guard left >= 0 else { throw Self.tooLarge(path) }
        guard left <= nextLook else { return }
        nextLook = left - Self.interval
        if resources.isEnded() {
            throw GrammarError(.ended, path, "compiling the schema was ended: it took too long, or nobody waits for it")
        }
    }

    /// Takes memory.
    ///
    /// Throws `.tooLarge` for more than one schema may have, and `.busy` when the ledger has no more.
    mutating func take(_ byteCount: Int, at path: SchemaPath) throws(GrammarError) {
        taken += byteCount
        guard taken <= Self.mostBytes else { throw Self.tooLarge(path) }
        guard let lease, taken > drawn else { return }
        let piece = max(taken - drawn, Self.piece)
        guard lease.draw(piece) else {
            throw GrammarError(
                .busy,
                path,
                "there is no memory for compiling the schema beside those of other requests: ask again later"
            )
        }
        drawn += piece
    }

    /// Notes that what was made on the way is gone.
    mutating func giveBack(_ byteCount: Int) {
        taken = max(0, taken - byteCount)
    }

    /// The lease of a finished grammar of so many bytes, which gives back what it took beside them.
    func lease(of byteCount: Int) -> MemoryLease? {
        lease?.giveBack(max(0, drawn - byteCount))
        return lease
    }

    private static func tooLarge(_ path: SchemaPath) -> GrammarError {
        GrammarError(.tooLarge, path, "the schema is too large to be compiled: make it smaller or simpler here")
    }
}
