package import CPUBackend
import DeviceRuntime
import InferenceEngine

/// Measures how fast a model reads prompts and writes answers, through the engine that also serves.
package struct ModelBenchmark: Sendable {
    /// What is measured.
    package enum Test: Sendable, Hashable {
        /// One prompt of so many tokens, to its first token.
        case prompt(Int)
        /// So many tokens for each of so many answers that are written at once.
        case generation(Int, batch: Int)

        package var name: String {
            switch self {
            case .prompt(let tokens): "pp\(tokens)"
            case .generation(let tokens, _): "tg\(tokens)"
            }
        }

        package var batch: Int {
            if case .generation(_, let batch) = self { batch } else { 1 }
        }
    }

    package let work: ModelWork
    private let engine: Engine

    /// Tokens of a prompt before a generation.
    private static let promptCount = 16

    /// Loads a model for measuring.
    package init(_ name: String?, options: ModelOptions, contextLength: Int) throws {
        do {
            let loaded = try ModelLoader(options: options).load(name)
            let device = try DeviceCatalog.device(named: options.device, threads: options.threads)
            let blocks = (contextLength + loaded.compiled.cache.blockSize - 1) / loaded.compiled.cache.blockSize
            let configuration = EngineConfiguration(
                cacheBlocks: blocks,
                prefixCaching: false,
                speculation: options.speculation.choice
            )
            work = ModelWork(loaded.compiled)
            engine = try Engine(model: loaded.compiled, device: device, configuration: configuration)
        } catch {
            throw KongurError(error)
        }
    }

    /// Tokens of cache that a test takes.
    package static func contextLength(of test: Test) -> Int {
        switch test {
        case .prompt(let tokens): tokens + 32
        case .generation(let tokens, let batch): batch * (promptCount + tokens + 32)
        }
    }

    /// Runs a test once; tokens per second.
    ///
    /// A prompt counts from its submission to its first token. Generation counts from the moment when all answers have
    /// their first token to the one when the first of them is complete.
    package func run(_ test: Test) async throws -> Double {
        do {
            switch test {
            case .prompt(let tokens):
                let start = ContinuousClock.now
                let instants = try await instants(of: [request(tokens, answer: 1)])
                return Double(tokens) / ((instants[0][0] - start) / .seconds(1))
            case .generation(let tokens, let batch):
                let requests = (0..<batch).map { _ in request(Self.promptCount, answer: tokens + 1) }
                let instants = try await instants(of: requests)
                let start = instants.compactMap(\.first).max() ?? .now
                let end = instants.compactMap(\.last).min() ?? .now
                let count = instants.reduce(0) { $0 + $1.count { $0 > start && $0 <= end } }
                return Double(count) / ((end - start) / .seconds(1))
            }
        } catch {
            throw KongurError(error)
        }
    }

    /// What a test could reach on a processor with these limits, in tokens per second: one step after the other, each at
    /// the speed of memory or of multiplying, whichever is slower.
    package func limit(of test: Test, _ limits: ProcessorLimits, multiplying peak: Double) -> Double {
        switch test {
        case .prompt(let tokens):
            let operations = Double(work.operationsPerRow * tokens + work.operationsPerOutput)
            return Double(tokens) / max(operations / peak, Double(work.weightByteCount) / limits.read)
        case .generation(let tokens, let batch):
            let context = Self.promptCount + tokens / 2
            let bytes = Double(work.weightByteCount + batch * context * work.cacheByteCount)
            let operations = Double(batch * (work.operationsPerRow + work.operationsPerOutput))
            return Double(batch) / max(bytes / limits.read, operations / peak)
        }
    }

    private func request(_ prompt: Int, answer: Int) -> GenerationRequest {
        let vocabulary = engine.model.vocabularySize
        return GenerationRequest(
            promptTokenIDs: (0..<prompt).map { _ in .random(in: 0..<vocabulary) },
            sampling: SamplingParameters(temperature: 0),
            maxNewTokens: answer,
            ignoreEOS: true
        )
    }

    /// When each token of each answer came.
    private func instants(of requests: [GenerationRequest]) async throws -> [[ContinuousClock.Instant]] {
        let streams = requests.map { engine.submit($0) }
        return try await withThrowingTaskGroup(of: (Int, [ContinuousClock.Instant]).self) { group in
            for (index, stream) in streams.enumerated() {
                group.addTask {
                    var instants: [ContinuousClock.Instant] = []
                    for await event in stream {
                        switch event {
                        case .token: instants.append(.now)
                        case .failed(let error): throw error
                        case .finished: break
                        }
                    }
                    return (index, instants)
                }
            }
            var all = [[ContinuousClock.Instant]](repeating: [], count: requests.count)
            for try await (index, instants) in group { all[index] = instants }
            return all
        }
    }
}
