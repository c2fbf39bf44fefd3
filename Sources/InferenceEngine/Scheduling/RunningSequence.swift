/// A request inside the scheduler: its tokens so far, how many of them are computed, and its cache blocks.
///
/// Not `Sendable`: it never leaves the scheduler. A class because an array cannot hold the `BlockTable`, which is not
/// copyable.
final class RunningSequence {
    let id: UInt64
    /// Its account's.
    private(set) var queue: AccountQueue
    private(set) var priority: Int
    /// Whether it makes way for every sequence that is none of these.
    private(set) var isBackground: Bool
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
    /// Tokens that were drawn when it was given its place.
    var countWhenPlaced = 0
    /// The step in which it had a row last, or came.
    var lastStep: Int
    /// How often a sequence of another account has begun while there was no room for this one.
    var timesPassed = 0
    /// Whether the next token cannot be drawn yet: everything but the last token may be computed.
    var isHeld = false
    /// From the first step in which a draft was looked for.
    var drafter: Drafter?
    /// Tokens that were drafted, and how many of them were accepted.
    var draftTokens = 0
    var acceptedTokens = 0

    init(
        _ request: GenerationRequest,
        in queue: AccountQueue,
        arrival: UInt64,
        step: Int,
        maxLength: Int,
        stopTokenIDs: Set<Int>
    ) {
        id = request.id
        self.queue = queue
        lastStep = step
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
    /// Those of them that may be computed now.
    var computableCount: Int { remainingCount - (isHeld ? 1 : 0) }
    var generatedCount: Int { tokens.count - promptCount }

    func append(_ token: Int, count: Int = 1) {
        tokens.append(contentsOf: repeatElement(Int32(token), count: count))
    }

    /// Takes it out of the background.
    func makeOrdinary(in queue: AccountQueue) {
        (self.queue, priority, isBackground) = (queue, 0, false)
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
