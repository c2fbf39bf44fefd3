/// A request inside the scheduler: its tokens so far, how many of them are computed, and its cache blocks.
///
/// Not `Sendable`: it never leaves the scheduler. A class because an array cannot hold the `BlockTable`, which is not
/// copyable.
final class RunningSequence {
    let id: UInt64
    let priority: Int
    /// Whether it makes way for every sequence that is none of these.
    let isBackground: Bool
    /// Counts up with each request: the order among equal priorities.
    let arrival: UInt64
    let promptCount: Int
    /// The most tokens, prompt and answer together.
    let maxLength: Int
    let stopTokenIDs: Set<Int>
    let cacheSalt: String?

    /// Prompt and answer.
    private(set) var tokens: [Int32]
    /// Tokens whose keys and values are in the cache.
    var computedCount = 0
    var table = BlockTable()
    /// The hashes of the full blocks that the pool was told of, each going into the next.
    var hashes: [BlockHash] = []
    var preemptions = 0
    /// Prompt tokens that were found in the cache when the sequence was first admitted; nil before that.
    var cachedCount: Int?
    /// True when all blocks to `maxLength` are held, so that the sequence never needs another one.
    var isReserved = false
    /// From the first step in which a draft was looked for.
    var drafter: Drafter?
    /// Tokens that were drafted, and how many of them were accepted.
    var draftTokens = 0
    var acceptedTokens = 0

    init(_ request: GenerationRequest, arrival: UInt64, maxLength: Int, stopTokenIDs: Set<Int>) {
        id = request.id
        priority = request.priority
        isBackground = request.isBackground
        self.arrival = arrival
        promptCount = request.promptTokenIDs.count
        self.maxLength = maxLength
        self.stopTokenIDs = stopTokenIDs
        cacheSalt = request.cacheSalt
        tokens = (request.promptTokenIDs + (request.resumption?.tokenIDs ?? [])).map { Int32($0) }
    }

    /// Tokens that are not yet computed: 1 while decoding, more while prefilling, never 0 between steps.
    var remainingCount: Int { tokens.count - computedCount }
    var generatedCount: Int { tokens.count - promptCount }

    func append(_ token: Int, count: Int = 1) {
        tokens.append(contentsOf: repeatElement(Int32(token), count: count))
    }

    func takeTable() -> BlockTable {
        var taken = BlockTable()
        swap(&taken, &table)
        return taken
    }

    /// Whether this one goes first: higher priority, then earlier arrival.
    func precedes(_ other: RunningSequence) -> Bool {
        priority != other.priority ? priority > other.priority : arrival < other.arrival
    }
}

extension Array where Element == RunningSequence {
    /// Inserts into an array in which each element precedes the next.
    mutating func insertInOrder(_ sequence: RunningSequence) {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].precedes(sequence) { low = middle + 1 } else { high = middle }
        }
        insert(sequence, at: low)
    }
}
