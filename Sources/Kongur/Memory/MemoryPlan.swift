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
    /// What is kept for answers that are given again.
    package let answerByteCount: Int
    package let cacheByteCount: Int
    /// Blocks of the key/value cache of each replica.
    package let cacheBlocks: Int
    /// Tokens that the cache of each replica holds.
    package let cacheTokens: Int

    /// Threads, tokens and text on their way, grammars of formats.
    package static let growth = 32 << 20
    /// The cache must hold so many tokens, or one context where that is shorter.
    private static let fewestTokens = 512

    package var byteCount: Int {
        weightByteCount + workByteCount + processByteCount + connectionByteCount + answerByteCount + cacheByteCount
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
        answerByteCount = answers
        let layout = model.cache
        let room = limit.byteCount - weightByteCount - workByteCount - processByteCount - connections - answers
        let fitting = EngineConfiguration.cacheBlocks(byteCount: room / replicas, layout: layout)
        func blocks(_ tokens: Int) -> Int { (tokens + layout.blockSize - 1) / layout.blockSize }
        let wanted: Int
        let fewest: Int
        if let byteCount = options.cacheByteCount {
            wanted = max(1, EngineConfiguration.cacheBlocks(byteCount: byteCount / replicas, layout: layout))
            fewest = wanted
        } else {
            let context = blocks(model.contextLength)
            fewest = blocks(min(model.contextLength, Self.fewestTokens))
            if options.memoryByteCount != nil {
                // Each replica takes as many sequences at once.
                wanted = context * (options.maxSequences ?? model.program.limits[StepProgram.sequences] ?? 1)
            } else {
                // Memory that nobody asked to use is left to others.
                let share = limit.byteCount / 4 / replicas
                let quarter = EngineConfiguration.cacheBlocks(byteCount: share, layout: layout)
                wanted = max(fewest, min(2 * context, quarter))
            }
        }
        // More than 32-bit slots can name is of no use.
        cacheBlocks = min(wanted, max(fitting, fewest), Int(Int32.max) / layout.blockSize)
        cacheByteCount = cacheBlocks * layout.blockByteCount * replicas
        cacheTokens = cacheBlocks * layout.blockSize
        guard cacheBlocks <= fitting else { throw KongurError(.outOfMemory, shortage) }
    }

    /// One line about all parts for a person.
    package var line: String {
        "\(Self.size(byteCount)) of \(Self.size(limit.byteCount)) (\(limit.reason)): \(parts)"
    }

    private var parts: String {
        let connections = connectionByteCount > 0 ? " + connections \(Self.size(connectionByteCount))" : ""
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
        ByteCountFormatter.string(fromByteCount: Int64(max(0, count)), countStyle: .memory)
    }
}
