package import CPUBackend
package import DeviceRuntime
import Foundation
import InferenceEngine

/// What answering with a model will take in memory at most, part by part, fixed before the work begins.
package struct MemoryPlan: Sendable, Hashable {
    /// What all of it together stays below.
    package let limit: MemoryLimit
    package let weightByteCount: Int
    /// Devices of the process's own memory that answer side by side; each has its own intermediate values and cache.
    package let replicas: Int
    /// Intermediate values, tables and scratch memory.
    package let workByteCount: Int
    /// What the process holds before that, and what it needs besides.
    package let processByteCount: Int
    /// What is kept for connections.
    package let connectionByteCount: Int
    /// What is kept for answers that wait for their readers, besides: a little of what there is.
    package let unreadByteCount: Int
    /// What is kept for answers that are given again.
    package let answerByteCount: Int
    package let cacheByteCount: Int
    /// Blocks of the key/value cache of each replica.
    package let cacheBlocks: Int
    /// Tokens that the cache of each replica holds.
    package let cacheTokens: Int

    /// Threads, tokens and text on their way, and grammars of formats.
    package static let growth = 32 << 20 + formats
    /// Grammars of formats and masks of tokens, besides what is kept for connections: both come from one ledger.
    private static let formats = 48 << 20
    /// As many as any cache needs, also where a model's blocks are tiny.
    private static let mostBlocks = 1 << 22
    /// The cache must hold so many tokens, or one context where that is shorter.
    private static let fewestTokens = 512

    /// What the ledger has from which requests draw.
    package var requestByteCount: Int { connectionByteCount + Self.formats + unreadByteCount }

    package var byteCount: Int {
        weightByteCount + workByteCount + processByteCount + connectionByteCount + unreadByteCount + answerByteCount
            + cacheByteCount
    }

    /// Gives the cache what it can use and the rest leaves room for.
    ///
    /// `held` is what the process holds now. Throws `.outOfMemory`, with the numbers, when that is not enough, or the
    /// cache that `options` asks for does not fit.
    package init(
        _ model: CompiledModel,
        _ footprint: ModelFootprint,
        replicas: Int = 1,
        _ options: ModelOptions,
        limit: MemoryLimit,
        held: Int,
        connections: Int,
        answers: Int
    ) throws(KongurError) {
        var limit = limit
        if let asked = options.memoryByteCount, asked < limit.byteCount {
            limit = MemoryLimit(byteCount: asked, reason: "as was asked for")
        }
        self.limit = limit
        weightByteCount = footprint.weightByteCount
        self.replicas = replicas
        workByteCount = footprint.workByteCount * replicas
        processByteCount = held + Self.growth
        connectionByteCount = connections
        // Who has no connections is read at once.
        let unread = connections == 0 ? 0 : min(512 << 20, limit.byteCount / 32)
        unreadByteCount = unread
        answerByteCount = answers
        let layout = model.cache
        let room = limit.byteCount - weightByteCount - workByteCount - processByteCount - connections - unread - answers
        let fitting = EngineConfiguration.cacheBlocks(byteCount: room / replicas, layout: layout)
        func blocks(_ tokens: Int) -> Int { (tokens + layout.blockSize - 1) / layout.blockSize }
        let wanted: Int
        let fewest: Int
        if let byteCount = options.cacheByteCount {
            wanted = max(1, EngineConfiguration.cacheBlocks(byteCount: byteCount / replicas, layout: layout))
            fewest = wanted
        } else {
            fewest = blocks(min(model.contextLength, Self.fewestTokens))
            let context = blocks(model.contextLength)
            // Each replica takes as many sequences at once, and none of them is longer.
            let most = context * (options.maxSequences ?? model.program.limits[StepProgram.sequences] ?? 1)
            // Memory that nobody asked to use is left to others, half of it.
            let usable = options.memoryByteCount == nil ? fitting / 2 : fitting
            wanted = max(fewest, min(most, max(usable, min(fitting, context))))
        }
        // More than 32-bit slots can name is of no use, and each block takes some memory of its own.
        cacheBlocks = min(wanted, max(fitting, fewest), Int(Int32.max) / layout.blockSize, Self.mostBlocks)
        cacheByteCount = cacheBlocks * layout.blockByteCount * replicas
        cacheTokens = cacheBlocks * layout.blockSize
        guard cacheBlocks <= fitting else { throw KongurError(.outOfMemory, shortage) }
    }

    /// One line about all parts for a person.
    package var line: String {
        "\(Self.size(byteCount)) of \(Self.size(limit.byteCount)) (\(limit.reason)): \(parts)"
    }

    private var parts: String {
        let connections =
            connectionByteCount > 0
            ? " + connections \(Self.size(connectionByteCount)) + unread answers \(Self.size(unreadByteCount))" : ""
        let answers = answerByteCount > 0 ? " + answers \(Self.size(answerByteCount))" : ""
        return
            "weights \(Self.size(weightByteCount)) + work \(Self.size(workByteCount)) + process \(Self.size(processByteCount))\(connections)\(answers) + cache \(Self.size(cacheByteCount)) (\(cacheTokens) tokens\(replicas > 1 ? " on each of \(replicas) devices" : ""))"
    }

    private var shortage: String {
        let connections = connectionByteCount > 0 ? ", allow fewer connections" : ""
        let answers = answerByteCount > 0 ? ", keep fewer answers" : ""
        return
            "the model needs \(Self.size(byteCount)) of memory at least, and may use \(Self.size(limit.byteCount)) (\(limit.reason)): \(parts). Give it more memory, ask for a smaller cache or a shorter context, keep weights or cache in fewer bits\(connections)\(answers), or choose a smaller model"
    }

    private static func size(_ count: Int) -> String {
        ByteText.of(count)
    }
}
