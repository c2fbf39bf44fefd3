import DeviceRuntime
import Foundation
import KongurTesting
import Synchronization
import Testing

@testable import InferenceEngine

/// Several engines as one: no request is lost or answered twice, whatever becomes of their devices.
@Suite(.timeLimit(.minutes(10))) struct EngineGroupTests {
    private static let vocabularySize = 32
    private static let lost = DeviceError(.deviceLost, "the card does not answer any more")

    private func devices(_ count: Int) -> [ScriptedDevice] {
        (0..<count).map { _ in ScriptedDevice(vocabularySize: Self.vocabularySize) }
    }

    private func group(
        _ devices: [ScriptedDevice],
        cacheBlocks: Int = 128,
        observer: Recorder? = nil,
        speculation: Speculation = .off
    ) throws -> EngineGroup {
        try EngineGroup(
            model: .scripted(vocabularySize: Self.vocabularySize),
            devices: devices,
            configuration: EngineConfiguration(cacheBlocks: cacheBlocks, speculation: speculation),
            observer: { _ in observer }
        )
    }

    private final class Recorder: EngineObserver {
        struct Record {
            var firstTokens = 0
            var tokens = 0
            var summaries: [UInt64: GenerationSummary] = [:]
            var errors: [UInt64: EngineError.Code] = [:]
        }

        let record = Mutex(Record())

        func drewFirstToken(after duration: Duration) { record.withLock { $0.firstTokens += 1 } }
        func drewToken(after duration: Duration) { record.withLock { $0.tokens += 1 } }
        func finished(_ request: GenerationRequest, _ summary: GenerationSummary) {
            record.withLock { #expect($0.summaries.updateValue(summary, forKey: request.id) == nil) }
        }
        func failed(_ request: GenerationRequest, _ error: EngineError) {
            record.withLock { #expect($0.errors.updateValue(error.code, forKey: request.id) == nil) }
        }
    }

    private func collectAll(_ streams: [AsyncStream<TokenEvent>]) async -> [Outcome] {
        await withTaskGroup(of: (Int, Outcome).self) { group in
            for (index, stream) in streams.enumerated() { group.addTask { (index, await collect(stream)) } }
            var outcomes = [Outcome](repeating: Outcome(), count: streams.count)
            for await (index, outcome) in group { outcomes[index] = outcome }
            return outcomes
        }
    }

    /// Even tokens only, and then odd ones: a constraint that knows where it is.
    private struct Alternating: TokenConstraint {
        var count = 0
        mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) -> Bool {
            mask = [count % 2 == 0 ? 0x5555_5555_5555_5555 : 0xAAAA_AAAA_AAAA_AAAA]
            return true
        }
        mutating func advance(_ token: Int) -> Bool {
            defer { count += 1 }
            return token % 2 == count % 2
        }
    }

    private func request(_ seed: UInt64) -> GenerationRequest {
        var random = SeededGenerator(seed)
        let count = Int.random(in: 1...40, using: &random)
        var sampling = SamplingParameters(temperature: seed % 5 == 0 ? 0 : 0.9, topP: 0.95, seed: seed)
        if seed % 3 == 0 { (sampling.frequencyPenalty, sampling.repetitionPenalty) = (0.5, 1.2) }
        if seed % 4 == 0 { sampling.logprobs = 1 }
        return GenerationRequest(
            id: seed,
            promptTokenIDs: (0..<count).map { _ in .random(in: 0..<Self.vocabularySize, using: &random) },
            sampling: sampling,
            constraint: seed % 6 == 1 ? Alternating() : nil,
            maxNewTokens: Int.random(in: 1...40, using: &random),
            minNewTokens: 1,
            stopTokenIDs: seed % 2 == 0 ? [7] : []
        )
    }

    private func undisturbed(_ requests: [GenerationRequest]) async throws -> [Outcome] {
        await collectAll(requests.map(try group(devices(1)).submit))
    }

    @Test(arguments: 0..<24) func aLostDeviceChangesNoAnswer(seed: UInt64) async throws {
        var random = SeededGenerator(seed &+ 1000)
        let requests = (0..<16).map { request($0 + 100 * seed) }
        let expected = try await undisturbed(requests)
        let devices = devices(Int.random(in: 2...4, using: &random))
        // All but one of them fail, each at a step of its own, the first steps included.
        let survivor = Int.random(in: devices.indices, using: &random)
        for (index, device) in devices.enumerated() where index != survivor {
            device.recorder.fail(atStep: .random(in: 0...30, using: &random), Self.lost)
        }
        let recorder = Recorder()
        // Where the cache is small, requests that move are also preempted.
        let group = try group(
            devices,
            cacheBlocks: seed % 3 == 0 ? 24 : 128,
            observer: recorder,
            speculation: seed % 2 == 0 ? .upTo(3) : .off
        )
        let outcomes = await collectAll(requests.map(group.submit))
        for (outcome, plain) in zip(outcomes, expected) {
            #expect(outcome.failure == nil && outcome.ends == 1 && outcome.late == 0)
            #expect(outcome.tokens == plain.tokens)
            #expect(outcome.logprobs == plain.logprobs)
            #expect(outcome.summary?.finishReason == plain.summary?.finishReason)
            #expect(outcome.summary?.promptTokens == plain.summary?.promptTokens)
            #expect(outcome.summary?.generatedTokens == plain.tokens.count)
        }
        recorder.record.withLock { record in
            #expect(record.summaries.count == requests.count && record.errors.isEmpty)
            #expect(record.firstTokens == requests.count)
            #expect(record.firstTokens + record.tokens == expected.reduce(0) { $0 + $1.tokens.count })
        }
        #expect(group.failure == nil)
        await group.shutdown(draining: true)
        #expect(group.metrics.runningRequests == 0 && group.metrics.waitingRequests == 0)
        #expect(group.engines[survivor].metrics.freeCacheBlocks == group.limits.blockCount)
    }

    @Test func whenNoDeviceIsLeftRequestsFailOnce() async throws {
        let devices = devices(3)
        for device in devices { device.recorder.fail(atStep: 5, Self.lost) }
        let recorder = Recorder()
        let group = try group(devices, observer: recorder)
        var requests = (0..<9).map { request($0) }
        for index in requests.indices {
            (requests[index].maxNewTokens, requests[index].stopTokenIDs) = (60, [])
        }
        let outcomes = await collectAll(requests.map(group.submit))
        #expect(outcomes.allSatisfy { $0.ends == 1 && $0.failure?.code == .deviceFailed })
        #expect(outcomes.allSatisfy { $0.failure?.message.contains("does not answer") == true })
        #expect(group.failure?.code == .deviceFailed)
        let late = await collect(group.submit(request(50)))
        #expect(late.failure?.code == .deviceFailed && late.ends == 1)
        recorder.record.withLock { record in
            #expect(record.summaries.isEmpty)
            #expect(Set(record.errors.keys).isSuperset(of: requests.map(\.id)))
        }
    }

    @Test func aLostDeviceHoldsNothingAnyMore() async throws {
        let devices = devices(2)
        devices[0].recorder.fail(atStep: 0, Self.lost)
        let group = try group(devices)
        #expect(group.metrics.cacheBlocks == 256 && group.maxSequences == 16)
        _ = await collectAll((0..<4).map { group.submit(request($0)) })
        #expect(group.failure == nil && group.engines[0].failure != nil)
        #expect(group.metrics.cacheBlocks == 128)
        #expect(group.metrics.finishedRequests.values.reduce(0, +) == 4)
    }

    @Test func requestsGoToTheLeastLoaded() async throws {
        let devices = devices(3)
        let open = devices.map { $0.recorder.hold(fromStep: 0) }
        let group = try group(devices)
        // Prompts that begin differently have no reason to keep together.
        let streams = (0..<9).map { number in
            group.submit(GenerationRequest(promptTokenIDs: [number, 1, 2, 3, 4], maxNewTokens: 2))
        }
        open.forEach { $0() }
        _ = await collectAll(streams)
        #expect(group.engines.map { $0.metrics.finishedRequests.values.reduce(0, +) } == [3, 3, 3])
    }

    @Test func promptsThatBeginAlikeKeepTogether() async throws {
        let group = try group(devices(3))
        let beginnings = (0..<3).map { topic in (0..<24).map { ($0 * 7 + topic * 11) % Self.vocabularySize } }
        // Three at once spread; after that each goes where its beginning is.
        for round in 0..<6 {
            _ = await collectAll(
                beginnings.map { group.submit(GenerationRequest(promptTokenIDs: $0 + [round], maxNewTokens: 2)) }
            )
        }
        let metrics = group.metrics
        #expect(metrics.promptTokens == 18 * 25)
        #expect(metrics.cachedPromptTokens == 15 * 24)
    }

    @Test func cancellingEndsARequestWhereverItIs() async throws {
        let devices = devices(2)
        let group = try group(devices)
        let open = devices.map { $0.recorder.hold(fromStep: 3) }
        let streams = (0..<4).map { number in
            group.submit(GenerationRequest(id: UInt64(number), promptTokenIDs: [number, 5], maxNewTokens: 200))
        }
        for number in 0..<4 { group.cancel(UInt64(number)) }
        group.cancel(77)
        open.forEach { $0() }
        let outcomes = await collectAll(streams)
        #expect(outcomes.allSatisfy { $0.ends == 1 && $0.summary?.finishReason == .cancelled })
    }

    @Test func aConsumerThatGoesAwayFreesItsPlace() async throws {
        let devices = devices(2)
        // Answers that would take some ten seconds.
        for device in devices { device.recorder.beforeEachRun { _ in Thread.sleep(forTimeInterval: 0.04) } }
        let group = try group(devices)
        for number in 0..<6 {
            for await _ in group.submit(GenerationRequest(promptTokenIDs: [number], maxNewTokens: 250)) { break }
        }
        // Cancelling is told to the engines by tasks, which a busy machine runs when it can.
        let deadline = ContinuousClock.now + .seconds(100)
        while group.metrics.runningRequests + group.metrics.waitingRequests > 0 || group.metrics.generatedTokens == 0,
            ContinuousClock.now < deadline
        {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(group.metrics.runningRequests == 0)
        #expect(group.metrics.finishedRequests[.length, default: 0] < 6)
    }

    @Test func anIdIsOneRequestAtATime() async throws {
        let devices = devices(2)
        let open = devices.map { $0.recorder.hold(fromStep: 0) }
        let group = try group(devices)
        let first = group.submit(GenerationRequest(id: 1, promptTokenIDs: [1], maxNewTokens: 3))
        let second = await collect(group.submit(GenerationRequest(id: 1, promptTokenIDs: [2], maxNewTokens: 3)))
        #expect(second.failure?.code == .duplicateRequest && second.ends == 1)
        open.forEach { $0() }
        #expect(await collect(first).tokens.count == 3)
        #expect(await collect(group.submit(GenerationRequest(id: 1, promptTokenIDs: [1], maxNewTokens: 3))).ends == 1)
    }

    @Test func aGroupOfNoneIsRefused() {
        let error = #expect(throws: EngineError.self) { try group([]) }
        #expect(error?.code == .invalidConfiguration)
    }
}
