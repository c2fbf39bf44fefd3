import DeviceRuntime
import Foundation
import KongurTesting
import Synchronization
import Testing

@testable import InferenceEngine

/// Answers that must have a form get it, whatever the model would rather say.
@Suite(.timeLimit(.minutes(10))) struct TokenConstraintTests {
    private static let vocabularySize = 150

    /// Allows tokens whose remainder by five is that of how many came before, and the end after `length` tokens alone.
    private struct Rounds: TokenConstraint {
        var length: Int
        var end: Int
        var count = 0

        mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) -> Bool {
            // Shorter than the vocabulary: what is beyond is not allowed.
            mask = [0, 0]
            for id in 0..<128 where count < length ? id % 5 == count % 5 && id != end : id == end {
                mask[id >> 6] |= 1 << UInt64(id & 63)
            }
            return true
        }

        mutating func advance(_ token: Int) -> Bool {
            guard token == end ? count == length : token % 5 == count % 5 else { return false }
            count += token == end ? 0 : 1
            return true
        }
    }

    /// The same, whose masks take longer than an engine's step may wait, each a number of turns.
    private struct SlowRounds: TokenConstraint {
        var rounds: Rounds
        /// Asked in each turn: whether the mask may be done.
        var mayEnd: @Sendable () -> Bool = { true }
        var turns = 0

        mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) -> Bool {
            turns += 1
            work.left = 0
            guard turns > 1 + rounds.count % 4, mayEnd() else { return false }
            turns = 0
            return rounds.allowedTokens(into: &mask, &work)
        }

        mutating func advance(_ token: Int) -> Bool { rounds.advance(token) }
    }

    private struct Nothing: TokenConstraint {
        mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) -> Bool {
            mask = []
            return true
        }
        mutating func advance(_ token: Int) -> Bool { false }
    }

    /// Allows everything, and then cannot go on.
    private struct Broken: TokenConstraint {
        var left: Int
        mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) -> Bool {
            mask = [.max, .max, .max]
            return true
        }
        mutating func advance(_ token: Int) -> Bool {
            left -= 1
            return left >= 0
        }
    }

    private func engine(_ speculation: Speculation, _ device: ScriptedDevice) throws -> Engine {
        try Engine(
            model: .scripted(
                vocabularySize: Self.vocabularySize,
                stopTokenIDs: [7],
                limits: [StepProgram.tokens: 16, StepProgram.sequences: 8]
            ),
            device: device,
            configuration: EngineConfiguration(cacheBlocks: 256, speculation: speculation)
        )
    }

    private func tokens(_ stream: AsyncStream<TokenEvent>) async -> (tokens: [GeneratedToken], end: TokenEvent?) {
        var tokens: [GeneratedToken] = []
        var end: TokenEvent?
        for await event in stream {
            if case .token(let token) = event { tokens.append(token) } else { end = event }
        }
        return (tokens, end)
    }

    private static let samplings = [
        SamplingParameters.greedy,
        SamplingParameters(temperature: 1, seed: 1),
        SamplingParameters(temperature: 2, topK: 3, seed: 2),
        SamplingParameters(temperature: 1, topP: 0.5, minP: 0.1, seed: 3, logprobs: 20),
        SamplingParameters(temperature: 1, repetitionPenalty: 1.3, presencePenalty: -2, seed: 4),
        SamplingParameters(temperature: 1, logitBias: [148: 100, 3: 100], seed: 5),
    ]

    @Test(arguments: [Speculation.off, .upTo(4), .automatic]) func answersHaveTheForm(_ speculation: Speculation)
        async throws
    {
        // What it said five tokens ago has the right remainder, so that guesses are often right, but not always.
        let device = ScriptedDevice(vocabularySize: Self.vocabularySize, period: 5, lapse: 7)
        let engine = try engine(speculation, device)
        let streams = Self.samplings.enumerated().map { index, sampling in
            engine.submit(
                GenerationRequest(
                    promptTokenIDs: [1, 2, 3, 4, 5, 1, 2, 3, 4, 5],
                    sampling: sampling,
                    constraint: Rounds(length: 20 + index, end: 7)
                )
            )
        }
        for (index, stream) in streams.enumerated() {
            let (tokens, end) = await tokens(stream)
            #expect(tokens.count == 21 + index)
            #expect(
                tokens.dropLast().enumerated().allSatisfy { $0.element.id % 5 == $0.offset % 5 && $0.element.id < 128 }
            )
            #expect(tokens.last?.id == 7 && tokens.last?.isStop == true)
            guard case .finished(let summary) = end else { throw CancellationError() }
            #expect(summary.finishReason == .stop)
            for token in tokens.dropLast() {
                guard let logprobs = token.logprobs else { continue }
                #expect(logprobs.top.allSatisfy { $0.id % 5 == token.id % 5 && $0.logprob.isFinite })
                #expect(logprobs.logprob.isFinite && logprobs.logprob <= 0)
            }
        }
        await engine.shutdown(draining: true)
        #expect(engine.metrics.freeCacheBlocks == engine.metrics.cacheBlocks)
    }

    @Test func guessingDrawsTheSame() async throws {
        var answers: [[[Int]]] = []
        for speculation in [Speculation.off, .upTo(5)] {
            let device = ScriptedDevice(vocabularySize: Self.vocabularySize, period: 5, lapse: 7)
            let engine = try engine(speculation, device)
            let streams = Self.samplings.map {
                engine.submit(
                    GenerationRequest(
                        promptTokenIDs: [1, 2, 3, 4, 5, 1, 2, 3, 4, 5],
                        sampling: $0,
                        constraint: Rounds(length: 60, end: 7)
                    )
                )
            }
            var all: [[Int]] = []
            for stream in streams { all.append(await tokens(stream).tokens.map(\.id)) }
            await engine.shutdown(draining: true)
            if speculation != .off { #expect(engine.metrics.acceptedTokens > 10) }
            answers.append(all)
        }
        #expect(answers[0] == answers[1])
    }

    @Test func masksThatTakeLongChangeNothing() async throws {
        var answers: [[[Int]]] = []
        for (isSlow, speculation) in [(false, Speculation.off), (true, .off), (true, .upTo(5))] {
            let device = ScriptedDevice(vocabularySize: Self.vocabularySize, period: 5, lapse: 7)
            let engine = try engine(speculation, device)
            var streams: [AsyncStream<TokenEvent>] = []
            for (index, sampling) in Self.samplings.enumerated() {
                let rounds = Rounds(length: 30 + index, end: 7)
                let constraint: any TokenConstraint = isSlow && index != 3 ? SlowRounds(rounds: rounds) : rounds
                // Longer than a step, and as short as a prompt can be.
                let prompt = index % 2 == 0 ? (1...40).map { $0 % 5 } : [1]
                let request = GenerationRequest(promptTokenIDs: prompt, sampling: sampling, constraint: constraint)
                streams.append(engine.submit(request))
            }
            var all: [[Int]] = []
            for stream in streams {
                let (tokens, end) = await tokens(stream)
                guard case .finished(let summary) = end else { throw CancellationError() }
                #expect(summary.finishReason == .stop && summary.timings.scheduled != nil)
                all.append(tokens.map(\.id))
            }
            await engine.shutdown(draining: true)
            #expect(engine.metrics.freeCacheBlocks == engine.metrics.cacheBlocks)
            answers.append(all)
        }
        #expect(answers[0] == answers[1] && answers[0] == answers[2])
    }

    /// A switch that a mask waits for.
    private final class Gate: Sendable {
        private let isOpened = Atomic(false)
        var isOpen: Bool { isOpened.load(ordering: .relaxed) }
        func open() { isOpened.store(true, ordering: .relaxed) }
    }

    @Test func othersGoOnBesideAMaskThatTakesLong() async throws {
        let engine = try engine(.off, ScriptedDevice(vocabularySize: Self.vocabularySize))
        let gate = Gate()
        let slow = SlowRounds(rounds: Rounds(length: 3, end: 7), mayEnd: { gate.isOpen })
        let held = engine.submit(GenerationRequest(promptTokenIDs: [1, 2], sampling: .greedy, constraint: slow))
        let left = engine.submit(
            GenerationRequest(id: 77, promptTokenIDs: [1, 2], sampling: .greedy, constraint: slow)
        )
        // Would wait for ever if the engine or the worker did one mask after the other.
        for constraint in [nil, SlowRounds(rounds: Rounds(length: 20, end: 7))] as [(any TokenConstraint)?] {
            let request = GenerationRequest(
                promptTokenIDs: [3],
                sampling: .greedy,
                constraint: constraint,
                maxNewTokens: 30
            )
            let (_, end) = await tokens(engine.submit(request))
            guard case .finished = end else { throw CancellationError() }
        }
        engine.cancel(77)
        guard case .finished(let summary) = await tokens(left).end else { throw CancellationError() }
        #expect(summary.finishReason == .cancelled)
        gate.open()
        #expect(await tokens(held).tokens.count == 4)
        await engine.shutdown(draining: true)
        #expect(engine.metrics.freeCacheBlocks == engine.metrics.cacheBlocks)
    }

    /// Ending with answers that wait for their masks: draining waits for them, and otherwise they are cancelled.
    @Test(arguments: [false, true]) func endingKnowsOfMasks(_ draining: Bool) async throws {
        let engine = try engine(.off, ScriptedDevice(vocabularySize: Self.vocabularySize))
        let slow = SlowRounds(rounds: Rounds(length: 40, end: 7))
        let stream = engine.submit(GenerationRequest(promptTokenIDs: [1], sampling: .greedy, constraint: slow))
        await engine.shutdown(draining: draining)
        let (drawn, end) = await tokens(stream)
        guard case .finished(let summary) = end else { throw CancellationError() }
        // An answer may be complete before it is cancelled.
        #expect(summary.finishReason == .stop || !draining)
        #expect(!draining || drawn.count == 41)
        #expect(engine.metrics.freeCacheBlocks == engine.metrics.cacheBlocks)
    }

    @Test func withoutAnyTokenTheAnswerEndsWithAnError() async throws {
        let engine = try engine(.off, ScriptedDevice(vocabularySize: Self.vocabularySize))
        func request(_ constraint: (any TokenConstraint)?) -> GenerationRequest {
            GenerationRequest(
                promptTokenIDs: [1],
                sampling: .greedy,
                constraint: constraint,
                maxNewTokens: 5,
                ignoreEOS: true
            )
        }
        let streams = ([Nothing(), Broken(left: 2), nil] as [(any TokenConstraint)?]).map { engine.submit(request($0)) }
        for (stream, count) in zip(streams, [0, 2, 5]) {
            let (tokens, end) = await tokens(stream)
            #expect(tokens.count == count)
            if count < 5 {
                guard case .failed(let error) = end else { throw CancellationError() }
                #expect(error.code == .noAllowedToken)
            }
        }
        await engine.shutdown(draining: true)
        #expect(engine.metrics.freeCacheBlocks == engine.metrics.cacheBlocks)
    }

    @Test func logprobsAreThoseAmongTheAllowed() throws {
        var sampler = Sampler()
        var logits: [Float] = [1, 2, .nan, 4, 5]
        let token = try sampler.sample(
            &logits,
            SamplingParameters(temperature: 1, seed: 1, logprobs: 4),
            history: TokenHistory(promptTokenIDs: []),
            allowed: [0b01011],
            seed: 1,
            position: 0
        )
        let logprobs = try #require(token.logprobs)
        #expect(logprobs.top.map(\.id) == [3, 1, 0])
        #expect(abs(logprobs.top.reduce(0) { $0 + exp($1.logprob) } - 1) < 1e-5)
    }
}
