package import CPUBackend
import DeviceRuntime
import InferenceEngine

/// Measures how fast a model reads prompts and writes answers, through the engine that also serves.
package struct ModelBenchmark: Sendable {
    /// What is measured.
    package enum Test: Sendable, Hashable {
        /// One prompt of so many tokens, to its first token.
        case prompt(Int)
        /// So many tokens for each of so many answers that are written at once, after `context` tokens each.
        case generation(Int, batch: Int, context: Int)

        package var name: String {
            switch self {
            case .prompt(let tokens): "pp\(tokens)"
            case .generation(let tokens, _, _): "tg\(tokens)"
            }
        }

        package var batch: Int {
            if case .generation(_, let batch, _) = self { batch } else { 1 }
        }

        /// Tokens before the first one that is measured.
        package var context: Int {
            if case .generation(_, _, let context) = self { max(context, ModelBenchmark.promptCount) } else { 0 }
        }

        /// Tokens of cache that the test takes anew, whatever is in it already.
        fileprivate var newTokens: Int {
            switch self {
            case .prompt(let tokens): tokens + 32
            case .generation(let tokens, let batch, _): batch * (ModelBenchmark.promptCount + tokens + 32)
            }
        }
    }

    package let work: ModelWork
    /// How the model keeps keys and values.
    package let cache: ModelOptions.KeyValueCache?
    package let footprint: ModelFootprint
    private let engine: Engine
    /// What stands before an answer: the same for the same answer of a batch, so that the prefix cache has it after the
    /// first run.
    private let prompts: [[Int]]

    /// Tokens of a prompt before a generation, at least.
    fileprivate static let promptCount = 16

    /// Loads a model for measuring the tests, with a cache that keeps the longest contexts of all answers from run to run.
    package init(_ name: String?, options: ModelOptions, tests: [Test]) throws {
        do {
            let loaded = try ModelLoader(options: options).load(name)
            let device = try DeviceCatalog.device(named: options.device, threads: options.threads)
            let (batch, context) = (tests.map(\.batch).max() ?? 1, tests.map(\.context).max() ?? 0)
            // What one test leaves behind must not take the place of another's contexts.
            let tokens = batch * context + 2 * tests.reduce(0) { $0 + $1.newTokens }
            let blocks = (tokens + loaded.compiled.cache.blockSize - 1) / loaded.compiled.cache.blockSize
            let vocabulary = loaded.compiled.vocabularySize
            prompts = (0..<batch).map { _ in (0..<context).map { _ in .random(in: 0..<vocabulary) } }
            work = ModelWork(loaded.compiled)
            footprint = try ModelFootprint(loaded.compiled, on: device)
            cache = ModelOptions.KeyValueCache(loaded.compiled.cache.elementType)
            engine = try Engine(
                model: loaded.compiled,
                device: device,
                configuration: EngineConfiguration(cacheBlocks: blocks, speculation: options.speculation.choice)
            )
        } catch {
            throw KongurError(error)
        }
    }

    /// Runs a test once; tokens per second.
    ///
    /// A prompt counts from its submission to its first token. Generation counts from the moment when all answers have
    /// their first token to the one when the first of them is complete; the first run computes what the cache must hold,
    /// and its speed means nothing where there is a context.
    package func run(_ test: Test) async throws -> Double {
        do {
            switch test {
            case .prompt(let tokens):
                let start = ContinuousClock.now
                let vocabulary = engine.model.vocabularySize
                let prompt = (0..<tokens).map { _ in Int.random(in: 0..<vocabulary) }
                let instants = try await instants(of: [request(prompt, answer: 1)])
                return Double(tokens) / ((instants[0][0] - start) / .seconds(1))
            case .generation(let tokens, let batch, _):
                let requests = (0..<batch).map { request(Array(prompts[$0].prefix(test.context)), answer: tokens + 1) }
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
        case .generation(_, let batch, _):
            let bytes = Double(work.weightByteCount + cacheByteCount(of: test))
            let operations = Double(batch * (work.operationsPerRow + work.operationsPerOutput))
            return Double(batch) / max(bytes / limits.read, operations / peak)
        }
    }

    /// Bytes of keys and values that a step of a generation reads on average.
    package func cacheByteCount(of test: Test) -> Int {
        guard case .generation(let tokens, let batch, _) = test else { return 0 }
        return batch * (test.context + tokens / 2) * work.cacheByteCount
    }

    private func request(_ prompt: [Int], answer: Int) -> GenerationRequest {
        GenerationRequest(
            promptTokenIDs: prompt,
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
                        case .token(let token): instants.append(token.instant)
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
