import DeviceRuntime
import Foundation
import KongurTesting
import Synchronization
import Testing

@testable import InferenceEngine

@Suite(.timeLimit(.minutes(10))) struct EngineTests {
    private static let vocabularySize = 32

    private func engine(
        _ device: ScriptedDevice = ScriptedDevice(vocabularySize: vocabularySize),
        contextLength: Int = 256,
        stopTokenIDs: Set<Int> = [],
        maxSequences: Int? = nil,
        tokenBudget: Int? = nil,
        cacheBlocks: Int = 128,
        prefixCaching: Bool = true
    ) throws -> Engine {
        try Engine(
            model: .scripted(
                vocabularySize: Self.vocabularySize,
                contextLength: contextLength,
                stopTokenIDs: stopTokenIDs
            ),
            device: device,
            configuration: EngineConfiguration(
                maxSequences: maxSequences,
                tokenBudget: tokenBudget,
                cacheBlocks: cacheBlocks,
                prefixCaching: prefixCaching,
                speculation: .off
            )
        )
    }

    private func request(_ seed: UInt64, new: Int = 20) -> GenerationRequest {
        var random = SeededGenerator(seed)
        let count = Int.random(in: 1...40, using: &random)
        return GenerationRequest(
            promptTokenIDs: (0..<count).map { _ in .random(in: 0..<Self.vocabularySize, using: &random) },
            sampling: SamplingParameters(temperature: 0.9, topP: 0.95, seed: seed),
            maxNewTokens: new
        )
    }

    /// Each alone on a roomy engine: what the others must reproduce.
    private func alone(_ requests: [GenerationRequest]) async throws -> [[Int]] {
        var answers: [[Int]] = []
        for request in requests {
            answers.append(await collect(try engine(prefixCaching: false).submit(request)).tokens)
        }
        return answers
    }

    @Test func tokensDoNotDependOnBatchChunksCacheOrPreemption() async throws {
        let requests = (0..<12).map { request($0) }
        let expected = try await alone(requests)
        #expect(Set(expected).count == 12)
        // The last one has room for two or three of the twelve: it preempts.
        for (budget, blocks, caching) in [(16, 256, true), (3, 256, false), (16, 40, true), (8, 20, false)] {
            let engine = try engine(
                maxSequences: min(8, budget),
                tokenBudget: budget,
                cacheBlocks: blocks,
                prefixCaching: caching
            )
            for _ in 0..<2 {
                let streams = requests.map { engine.submit($0) }
                for (stream, tokens) in zip(streams, expected) { #expect(await collect(stream).tokens == tokens) }
            }
            await engine.shutdown(draining: true)
            #expect(engine.metrics.freeCacheBlocks == blocks)
            #expect(engine.metrics.runningRequests == 0)
            // A small cache has forgotten the first round by the second.
            if blocks == 256, caching { #expect(engine.metrics.cachedPromptTokens > 0) }
            if blocks == 20 { #expect(engine.metrics.preemptions > 0) }
        }
    }

    @Test func summaryCountsAndTimes() async throws {
        let engine = try engine()
        let prompt = Array(0..<10)
        let first = await collect(engine.submit(GenerationRequest(promptTokenIDs: prompt, maxNewTokens: 5)))
        let summary = try #require(first.summary)
        #expect(first.tokens.count == 5)
        #expect(summary.finishReason == .length)
        #expect(summary.promptTokens == 10 && summary.generatedTokens == 5 && summary.cachedTokens == 0)
        let timings = summary.timings
        let scheduled = try #require(timings.scheduled)
        let firstToken = try #require(timings.firstToken)
        #expect(timings.submitted <= scheduled && scheduled <= firstToken && firstToken <= timings.finished)
        let second = await collect(engine.submit(GenerationRequest(promptTokenIDs: prompt, maxNewTokens: 5)))
        #expect(second.summary?.cachedTokens == 8)
        #expect(engine.metrics.finishedRequests == [.length: 2])
        #expect(engine.metrics.generatedTokens == 10)
        #expect(engine.metrics.promptTokens == 20)
        #expect(engine.metrics.stepTokens == 10 + 2 + 8)
        #expect(engine.metrics.stepTokenCounts.reduce(0, +) == engine.metrics.steps)
    }

    @Test func stopTokensEndTheAnswerUnlessTold() async throws {
        let script = ScriptedDevice(vocabularySize: Self.vocabularySize, promptCount: 2, answer: [4, 5, 6, 7])
        let engine = try engine(script, stopTokenIDs: [6])
        var request = GenerationRequest(promptTokenIDs: [1, 2], sampling: .greedy, maxNewTokens: 6)
        #expect(await collect(engine.submit(request)).tokens == [4, 5, 6])
        request.stopTokenIDs = [5]
        let stopped = await collect(engine.submit(request))
        #expect(stopped.tokens == [4, 5])
        #expect(stopped.summary?.finishReason == .stop)
        request.stopTokenIDs = []
        request.ignoreEOS = true
        #expect(await collect(engine.submit(request)).tokens == [4, 5, 6, 7, 7, 7])
        request.ignoreEOS = false
        request.minNewTokens = 4
        // Where 6 would have been drawn it is forbidden, and all others are equal.
        #expect(await collect(engine.submit(request)).tokens == [4, 5, 0, 7, 7, 7])
    }

    @Test func refusalsAreFailureEvents() async throws {
        let engine = try engine(contextLength: 16)
        let refused: [(GenerationRequest, EngineError.Code)] = [
            (GenerationRequest(promptTokenIDs: []), .invalidRequest),
            (GenerationRequest(promptTokenIDs: [Self.vocabularySize]), .invalidRequest),
            (GenerationRequest(promptTokenIDs: [-1]), .invalidRequest),
            (GenerationRequest(promptTokenIDs: [1], maxNewTokens: 0), .invalidRequest),
            (GenerationRequest(promptTokenIDs: [1], maxNewTokens: 2, minNewTokens: 3), .invalidRequest),
            (GenerationRequest(promptTokenIDs: [1], sampling: SamplingParameters(topP: 2)), .invalidRequest),
            (GenerationRequest(promptTokenIDs: Array(0..<16)), .promptTooLong),
        ]
        for (request, code) in refused {
            let outcome = await collect(engine.submit(request))
            #expect(outcome.failure?.code == code)
            #expect(outcome.tokens.isEmpty && outcome.summary == nil)
        }
        let longest = await collect(engine.submit(GenerationRequest(promptTokenIDs: Array(0..<12))))
        #expect(longest.tokens.count == 4)
        #expect(longest.summary?.finishReason == .length)
    }

    @Test func cancellingInEveryPhaseFreesEverything() async throws {
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        let engine = try engine(device, maxSequences: 2, tokenBudget: 4)
        let victims = (1...3).map { id in
            GenerationRequest(id: UInt64(id), promptTokenIDs: Array(0..<24), maxNewTokens: 30)
        }
        // Before step 3 the second victim is prefilling and the third is queued; before step 20 the first decodes.
        device.recorder.beforeEachRun { step in
            if step == 3 {
                engine.cancel(2)
                engine.cancel(3)
                engine.cancel(77)
            }
            if step == 20 { engine.cancel(1) }
        }
        let streams = victims.map { engine.submit($0) }
        var outcomes: [Outcome] = []
        for stream in streams { outcomes.append(await collect(stream)) }
        #expect(outcomes.map(\.summary?.finishReason) == [.cancelled, .cancelled, .cancelled])
        #expect(outcomes[0].tokens.count > 0 && outcomes[0].tokens.count < 30)
        #expect(outcomes[1].tokens.isEmpty && outcomes[2].tokens.isEmpty)
        await engine.shutdown(draining: true)
        #expect(engine.metrics.freeCacheBlocks == 128)
        #expect(engine.metrics.finishedRequests == [.cancelled: 3])
    }

    @Test func consumerThatLeavesCancelsItsRequest() async throws {
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        let goOn = device.recorder.hold(fromStep: 1)
        let engine = try engine(device)
        func leaveAfterTheFirstToken() async {
            for await event in engine.submit(GenerationRequest(promptTokenIDs: [1], maxNewTokens: 250)) {
                if case .token = event { break }
            }
        }
        await leaveAfterTheFirstToken()
        // A stream that nobody ever reads.
        _ = engine.submit(GenerationRequest(promptTokenIDs: [2], maxNewTokens: 250))
        goOn()
        await engine.shutdown(draining: true)
        #expect(engine.metrics.finishedRequests == [.cancelled: 2])
        #expect(engine.metrics.freeCacheBlocks == 128)
    }

    @Test func cancelledTaskCancelsItsRequest() async throws {
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        let goOn = device.recorder.hold(fromStep: 1)
        let engine = try engine(device)
        let task = Task { await collect(engine.submit(GenerationRequest(promptTokenIDs: [1], maxNewTokens: 250))) }
        task.cancel()
        _ = await task.value
        goOn()
        await engine.shutdown(draining: true)
        #expect(engine.metrics.finishedRequests == [.cancelled: 1])
        #expect(engine.metrics.runningRequests == 0 && engine.metrics.freeCacheBlocks == 128)
    }

    @Test func consumerThatDoesNotReadHoldsUpNobody() async throws {
        let engine = try engine()
        let unread = engine.submit(GenerationRequest(promptTokenIDs: [1], maxNewTokens: 100))
        #expect(
            await collect(engine.submit(GenerationRequest(promptTokenIDs: [2], maxNewTokens: 150))).tokens.count == 150
        )
        #expect(await collect(unread).tokens.count == 100)
    }

    @Test func deviceFailureEndsEveryRequestAndRefusesLaterOnes() async throws {
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        device.recorder.fail(atStep: 5, DeviceError(.deviceLost, "the cable is out"))
        let engine = try engine(device, maxSequences: 2)
        let streams = (0..<4).map { _ in engine.submit(GenerationRequest(promptTokenIDs: [1, 2], maxNewTokens: 50)) }
        for stream in streams {
            let failure = await collect(stream).failure
            #expect(failure?.code == .deviceFailed)
            #expect(failure?.message.contains("the cable is out") == true)
            #expect((failure?.cause as? DeviceError)?.code == .deviceLost)
        }
        let later = await collect(engine.submit(GenerationRequest(promptTokenIDs: [1])))
        #expect(later.failure?.message.contains("the cable is out") == true)
        #expect(engine.failure?.code == .deviceFailed)
        await engine.shutdown()
        #expect(engine.metrics.freeCacheBlocks == 128)
        #expect(engine.metrics.failedRequests >= 4)
    }

    @Test func brokenLogitsEndOneRequestOnly() async throws {
        let device = ScriptedDevice { history in
            [Float](repeating: history[0] == 9 && history.count == 4 ? .nan : 1, count: Self.vocabularySize)
        }
        let engine = try engine(device)
        let broken = engine.submit(GenerationRequest(promptTokenIDs: [9, 1], maxNewTokens: 10))
        let sound = engine.submit(GenerationRequest(promptTokenIDs: [8, 1], maxNewTokens: 10))
        let outcome = await collect(broken)
        #expect(outcome.failure?.code == .invalidLogits)
        #expect(outcome.tokens.count == 2)
        #expect(await collect(sound).tokens.count == 10)
        await engine.shutdown(draining: true)
        #expect(engine.metrics.freeCacheBlocks == 128)
    }

    @Test func shutdownCancelsOrDrains() async throws {
        let draining = try engine()
        let finishes = draining.submit(GenerationRequest(promptTokenIDs: [1], maxNewTokens: 60))
        await draining.shutdown(draining: true)
        #expect(await collect(finishes).tokens.count == 60)
        #expect(await collect(draining.submit(GenerationRequest(promptTokenIDs: [1]))).failure?.code == .shutDown)

        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        device.recorder.beforeEachRun { _ in usleep(2000) }
        let cancelling = try engine(device)
        let ends = cancelling.submit(GenerationRequest(promptTokenIDs: [1], maxNewTokens: 250))
        await cancelling.shutdown()
        #expect(await collect(ends).summary?.finishReason == .cancelled)
    }

    @Test func requestWithAnIdInUseIsRefused() async throws {
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        let goOn = device.recorder.hold(fromStep: 0)
        let engine = try engine(device)
        let first = engine.submit(GenerationRequest(id: 5, promptTokenIDs: [1], maxNewTokens: 100))
        let second = engine.submit(GenerationRequest(id: 5, promptTokenIDs: [2], maxNewTokens: 100))
        goOn()
        #expect(await collect(second).failure?.code == .duplicateRequest)
        #expect(await collect(first).tokens.count == 100)
    }

    @Test func engineSleepsWhenThereIsNothingToDo() async throws {
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        let engine = try engine(device)
        for round in 1...3 {
            _ = await collect(engine.submit(GenerationRequest(promptTokenIDs: [1], maxNewTokens: 4)))
            #expect(device.recorder.steps.count == round * 4)
        }
        let steps = engine.metrics.steps
        try await Task.sleep(for: .milliseconds(30))
        #expect(engine.metrics.steps == steps)
    }

    @Test func jobsRunOnOneThreadThatIsNotThePools() async throws {
        let threads = Mutex(Set<UInt>())
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize)
        device.recorder.beforeEachRun { _ in
            let thread = UInt(bitPattern: Int(bitPattern: Unmanaged.passUnretained(Thread.current).toOpaque()))
            threads.withLock { _ = $0.insert(thread) }
        }
        let engine = try engine(device)
        await withTaskGroup(of: Void.self) { group in
            for seed in 0..<6 { group.addTask { _ = await collect(engine.submit(request(UInt64(seed)))) } }
        }
        #expect(threads.withLock { $0.count } == 1)
    }

    @Test func configurationAboveTheProgramsLimitsIsRefused() {
        let model = CompiledModel.scripted(vocabularySize: 8)
        for configuration in [
            EngineConfiguration(tokenBudget: 17, cacheBlocks: 4), EngineConfiguration(maxSequences: 9, cacheBlocks: 4),
            EngineConfiguration(tokenBudget: 0, cacheBlocks: 4), EngineConfiguration(cacheBlocks: 0),
            EngineConfiguration(cacheBlocks: .max), EngineConfiguration(cacheBlocks: 4, maxPreemptions: -1),
            EngineConfiguration(cacheBlocks: 4, speculation: .upTo(0)),
        ] {
            do {
                _ = try configuration.limits(for: model)
                Issue.record("\(configuration) was accepted")
            } catch {
                #expect(error.code == .invalidConfiguration)
            }
        }
    }
}
