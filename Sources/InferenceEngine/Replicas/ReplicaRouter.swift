/// Decides which of several engines gets a request: the least loaded, or one nearly so that knows how the prompt begins.
///
/// A pure state machine, told of each request's beginning and end.
struct ReplicaRouter {
    private struct Replica {
        /// Requests that it works on or that wait for it.
        var load = 0
        /// Requests that it was ever given.
        var given = 0
        var isLost = false
        var memory: PrefixMemory
    }

    private var replicas: [Replica]
    private let blockSize: Int
    /// So many requests more than the least loaded may a replica have, and still be chosen for what it remembers: few,
    /// since a beginning that several ask for is soon known to all.
    private static let slack = 2

    /// `blockCount` is that of the cache of one replica.
    init(count: Int, blockCount: Int, blockSize: Int) {
        replicas = Array(repeating: Replica(memory: PrefixMemory(capacity: blockCount)), count: count)
        self.blockSize = blockSize
    }

    /// Requests of each replica.
    var loads: [Int] { replicas.map(\.load) }

    func isLost(_ replica: Int) -> Bool { replicas[replica].isLost }

    /// The replica for these tokens, of which it then has one request more; nil when none is left.
    ///
    /// Equal ones take turns. Cost: a hash of the tokens.
    mutating func choose(tokens: [Int], salt: String?) -> Int? {
        let alive = replicas.indices.filter { !replicas[$0].isLost }
        guard let least = alive.map({ replicas[$0].load }).min() else { return nil }
        let blocks = PrefixMemory.blocks(tokens, size: blockSize, salt: salt)
        let best = alive.filter { replicas[$0].load <= least + Self.slack }.max { left, right in
            let (one, other) = (replicas[left], replicas[right])
            let (known, more) = (one.memory.length(of: blocks), other.memory.length(of: blocks))
            return (known, -one.load, -one.given, -left) < (more, -other.load, -other.given, -right)
        }
        guard let best else { return nil }
        replicas[best].load += 1
        replicas[best].given += 1
        replicas[best].memory.remember(blocks)
        return best
    }

    /// A request of this replica has ended there.
    mutating func release(_ replica: Int) { replicas[replica].load -= 1 }

    /// Gives this replica nothing any more.
    mutating func lose(_ replica: Int) { replicas[replica].isLost = true }
}

/// The beginnings of prompts that a replica was given lately: as many blocks as its cache may still hold.
struct PrefixMemory {
    private let capacity: Int
    private var known: Set<BlockHash> = []
    /// The order in which they came, in a ring.
    private var order: [BlockHash] = []
    private var next = 0

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The hashes of the full blocks of a prompt, each going into the next.
    static func blocks(_ tokens: [Int], size: Int, salt: String?) -> [BlockHash] {
        var hash = BlockHash.root(salt: salt)
        return stride(from: size, through: tokens.count, by: size).map { end in
            hash = hash.next(ArraySlice(tokens[end - size..<end].map { Int32(truncatingIfNeeded: $0) }))
            return hash
        }
    }

    /// How many of these blocks are known, from the first on.
    func length(of blocks: [BlockHash]) -> Int { blocks.prefix { known.contains($0) }.count }

    mutating func remember(_ blocks: [BlockHash]) {
        for block in blocks where known.insert(block).inserted {
            guard order.count == capacity else {
                order.append(block)
                continue
            }
            known.remove(order[next])
            order[next] = block
            next = (next + 1) % capacity
        }
    }
}
