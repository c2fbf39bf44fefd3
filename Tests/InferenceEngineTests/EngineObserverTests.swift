import KongurTesting
import Synchronization
import Testing

@testable import InferenceEngine

/// What metrics are made of: every token and every end is told once.
@Suite(.timeLimit(.minutes(10))) struct EngineObserverTests {
    private final class Recorder: EngineObserver {
        struct Record {
            var firstTokens: [Duration] = []
            var tokens: [Duration] = []
            var summaries: [GenerationSummary] = []
            var errors: [EngineError.Code] = []
        }

        let record = Mutex(Record())

        func drewFirstToken(after duration: Duration) { record.withLock { $0.firstTokens.append(duration) } }
        func drewToken(after duration: Duration) { record.withLock { $0.tokens.append(duration) } }
        func finished(_ request: GenerationRequest, _ summary: GenerationSummary) {
            record.withLock { $0.summaries.append(summary) }
        }
        func failed(_ request: GenerationRequest, _ error: EngineError) {
            record.withLock { $0.errors.append(error.code) }
        }
    }

    @Test func everyTokenAndEveryEndIsTold() async throws {
        let recorder = Recorder()
        let engine = try Engine(
            model: .scripted(vocabularySize: 32, contextLength: 64, stopTokenIDs: []),
            device: ScriptedDevice(vocabularySize: 32),
            configuration: EngineConfiguration(cacheBlocks: 64),
            observer: recorder
        )
        func run(_ prompt: [Int], _ count: Int) async {
            let request = GenerationRequest(
                promptTokenIDs: prompt,
                sampling: SamplingParameters(temperature: 0),
                maxNewTokens: count
            )
            for await _ in engine.submit(request) {}
        }
        async let first: Void = run([1, 2, 3], 10)
        async let second: Void = run([4, 5], 1)
        // Longer than the context: refused by the engine, after it was taken in.
        async let third: Void = run(Array(repeating: 1, count: 64), 5)
        _ = await (first, second, third)
        await engine.shutdown()
        recorder.record.withLock { record in
            #expect(record.firstTokens.count == 2 && record.tokens.count == 9)
            #expect((record.firstTokens + record.tokens).allSatisfy { $0 >= .zero })
            #expect(Set(record.summaries.map(\.generatedTokens)) == [10, 1])
            #expect(record.errors == [.promptTooLong])
        }
    }
}
