import DeviceRuntime
import Foundation
import KongurTesting
import Testing

@testable import InferenceEngine

/// Guessing changes how many steps an answer takes, and nothing of the answer.
@Suite(.timeLimit(.minutes(10))) struct SpeculationTests {
    private static let vocabularySize = 32
    private static let choices: [Speculation] = [.upTo(1), .upTo(4), .upTo(40), .automatic]

    private static var repeating: ScriptedDevice {
        ScriptedDevice(vocabularySize: vocabularySize, period: 5, lapse: 23)
    }

    private func engine(
        _ speculation: Speculation,
        _ device: ScriptedDevice = repeating,
        stopTokenIDs: Set<Int> = [],
        maxSequences: Int? = nil,
        cacheBlocks: Int = 256,
        limits: [String: Int] = [StepProgram.tokens: 16, StepProgram.sequences: 8]
    ) throws -> Engine {
        try Engine(
            model: .scripted(vocabularySize: Self.vocabularySize, stopTokenIDs: stopTokenIDs, limits: limits),
            device: device,
            configuration: EngineConfiguration(
                maxSequences: maxSequences,
                cacheBlocks: cacheBlocks,
                speculation: speculation
            )
        )
    }

    private struct Outcome: Sendable, Equatable {
        var tokens: [Int] = []
        var stops: [Bool] = []
        var logprobs: [TokenLogprobs?] = []
        var reason: FinishReason?
        var generatedTokens: Int?
        var failure: EngineError.Code?
    }

    private func collect(_ stream: AsyncStream<TokenEvent>) async -> Outcome {
        var outcome = Outcome()
        for await event in stream {
            switch event {
            case .token(let token):
                outcome.tokens.append(token.id)
                outcome.stops.append(token.isStop)
                outcome.logprobs.append(token.logprobs)
            case .finished(let summary):
                outcome.reason = summary.finishReason
                outcome.generatedTokens = summary.generatedTokens
            case .failed(let error): outcome.failure = error.code
            }
        }
        return outcome
    }

    private func answers(_ requests: [GenerationRequest], _ engine: Engine) async -> [Outcome] {
        let streams = requests.map { engine.submit($0) }
        var outcomes: [Outcome] = []
        for stream in streams { outcomes.append(await collect(stream)) }
        await engine.shutdown(draining: true)
        return outcomes
    }

    /// Requests of every kind of sampling, with all that an answer can depend on.
    private func requests(new: Int = 60) -> [GenerationRequest] {
        var random = SeededGenerator(7)
        let samplings = [
            SamplingParameters.greedy,
            SamplingParameters(temperature: 1, seed: 1),
            SamplingParameters(temperature: 1, seed: 2, logprobs: 3),
            SamplingParameters(temperature: 1.5, topK: 9, topP: 0.9, minP: 0.01, seed: 3),
            SamplingParameters(temperature: 1, repetitionPenalty: 1.2, seed: 4),
            SamplingParameters(temperature: 1, presencePenalty: 1, frequencyPenalty: 0.1, seed: 5),
            SamplingParameters(temperature: 0.7, logitBias: [3: 2, 5: -4], seed: 6),
            SamplingParameters(temperature: 1, seed: 7),
        ]
        return samplings.enumerated().map { index, sampling in
            GenerationRequest(
                promptTokenIDs: (0..<6 + index).map { _ in .random(in: 0..<Self.vocabularySize, using: &random) },
                sampling: sampling,
                maxNewTokens: new + index,
                minNewTokens: index % 2 == 0 ? 0 : 30,
                stopTokenIDs: index % 3 == 0 ? [] : [11]
            )
        }
    }

    @Test(arguments: choices)
    func everyEventIsThatOfAnswersWithoutGuesses(_ speculation: Speculation) async throws {
        for stop in [[], [4, 9]] as [Set<Int>] {
            let plain = await answers(requests(), try engine(.off, stopTokenIDs: stop))
            let engine = try engine(speculation, stopTokenIDs: stop)
            #expect(await answers(requests(), engine) == plain)
            #expect(engine.metrics.freeCacheBlocks == 256)
            #expect(engine.metrics.generatedTokens == plain.reduce(0) { $0 + $1.tokens.count })
            if speculation != .automatic { #expect(engine.metrics.acceptedTokens > 0) }
        }
    }

    @Test func acceptedTokensSaveSteps() async throws {
        let request = GenerationRequest(promptTokenIDs: Array(0..<5), sampling: .greedy, maxNewTokens: 100)
        let device = Self.repeating
        let engine = try engine(.upTo(5), device)
        let outcomes = await answers([request], engine)
        #expect(outcomes[0].tokens.count == 100)
        let metrics = engine.metrics
        #expect(metrics.steps < 50)
        #expect(metrics.steps + metrics.acceptedTokens == 100, "a step gives its accepted tokens and one more")
        #expect(metrics.drafts > 0 && metrics.acceptedTokens <= metrics.draftTokens)
        #expect(device.recorder.steps.map(\.outputCount).max() == 6)
    }

    /// As many draws as could show a bias: each is the one that would have been made without guesses.
    @Test func drawsAreTheSameForEverySeed() async throws {
        func tokens(_ speculation: Speculation) async throws -> [[Int]] {
            let engine = try engine(speculation)
            var answers: [[Int]] = []
            for seed in 0..<150 as Range<UInt64> {
                let request = GenerationRequest(
                    promptTokenIDs: [1, 2, 3, 4, 5, 1, 2],
                    sampling: SamplingParameters(temperature: 2.5, seed: seed),
                    maxNewTokens: 24
                )
                answers.append(await collect(engine.submit(request)).tokens)
            }
            if speculation != .off {
                #expect(engine.metrics.acceptedTokens > 100)
                #expect(engine.metrics.draftTokens - engine.metrics.acceptedTokens > 100)
            }
            return answers
        }
        let plain = try await tokens(.off)
        #expect(Set(plain).count > 100)
        #expect(try await tokens(.upTo(3)) == plain)
    }

    @Test func guessesLiveWithinTheProgramsLimits() async throws {
        let plain = await answers(requests(), try engine(.off))
        for limits in [
            [StepProgram.tokens: 8, StepProgram.sequences: 8], [StepProgram.tokens: 9, StepProgram.sequences: 3],
            [StepProgram.tokens: 64, StepProgram.sequences: 8, StepProgram.outputs: 8],
            [StepProgram.tokens: 64, StepProgram.sequences: 8, StepProgram.outputs: 11],
        ] {
            let device = Self.repeating
            let engine = try engine(.upTo(6), device, limits: limits)
            #expect(await answers(requests(), engine) == plain)
            for step in device.recorder.steps {
                #expect(step.tokenCount <= limits[StepProgram.tokens] ?? 0)
                #expect(step.outputCount <= limits[StepProgram.outputs] ?? limits[StepProgram.tokens] ?? 0)
            }
        }
    }

    @Test func preemptionAndGuessesDoNotDisturbEachOther() async throws {
        let plain = await answers(requests(), try engine(.off))
        for blocks in [20, 22, 24, 40] {
            let engine = try engine(.upTo(6), cacheBlocks: blocks)
            #expect(await answers(requests(), engine) == plain)
            #expect(engine.metrics.freeCacheBlocks == blocks)
            #expect(engine.metrics.acceptedTokens > 0)
            if blocks < 24 { #expect(engine.metrics.preemptions > 0) }
        }
    }

    @Test func cancelledRequestKeepsWhatItWasGiven() async throws {
        let device = Self.repeating
        let engine = try engine(.upTo(4), device)
        let request = GenerationRequest(id: 3, promptTokenIDs: Array(0..<5), sampling: .greedy, maxNewTokens: 200)
        device.recorder.beforeEachRun { if $0 == 12 { engine.cancel(3) } }
        let outcome = await collect(engine.submit(request))
        let plain = await answers([request], try self.engine(.off))
        #expect(outcome.reason == .cancelled)
        #expect(outcome.tokens.count > 13, "steps gave more than a token each")
        #expect(outcome.generatedTokens == outcome.tokens.count)
        #expect(plain[0].tokens.starts(with: outcome.tokens))
        await engine.shutdown(draining: true)
        #expect(engine.metrics.freeCacheBlocks == 256)
    }

    /// Logits that are broken behind accepted tokens end the answer after those tokens.
    @Test func brokenLogitsBehindAcceptedTokensComeAfterThem() async throws {
        for broken in 12..<18 {
            let device = ScriptedDevice { history in
                var logits = [Float](repeating: history.count == broken ? .nan : 0, count: Self.vocabularySize)
                if history.count != broken { logits[history.count % 4] = 9 }
                return logits
            }
            let request = GenerationRequest(promptTokenIDs: [0, 1, 2, 3, 0], sampling: .greedy, maxNewTokens: 40)
            let engine = try engine(.upTo(7), device)
            let outcome = await answers([request], engine)[0]
            #expect(outcome.tokens == (5..<broken).map { $0 % 4 })
            #expect(outcome.failure == .invalidLogits)
            #expect(engine.metrics.acceptedTokens > 0)
            #expect(engine.metrics.freeCacheBlocks == 256)
        }
    }

    /// The cache blocks of an answer that was guessed are those of the answer.
    @Test func prefixOfAGuessedAnswerIsFoundAndRight() async throws {
        func followUp(_ speculation: Speculation) async throws -> Outcome {
            let engine = try engine(speculation)
            let first = GenerationRequest(promptTokenIDs: Array(0..<5), sampling: .greedy, maxNewTokens: 60)
            let tokens = await collect(engine.submit(first)).tokens
            let second = GenerationRequest(
                promptTokenIDs: first.promptTokenIDs + tokens,
                sampling: SamplingParameters(temperature: 1, seed: 8),
                maxNewTokens: 60
            )
            let outcome = await collect(engine.submit(second))
            #expect(engine.metrics.cachedPromptTokens == 64)
            return outcome
        }
        #expect(try await followUp(.upTo(6)) == followUp(.off))
    }

    @Test func automaticGuessingGoesWhereStepsCostTheSame() async throws {
        let device = Self.repeating
        // A step takes two milliseconds whatever is in it, as where reading the weights is all of its time.
        device.recorder.beforeEachRun { _ in usleep(2000) }
        let engine = try engine(.automatic, device)
        let request = GenerationRequest(promptTokenIDs: Array(0..<5), sampling: .greedy, maxNewTokens: 240)
        #expect(await answers([request], engine)[0].tokens.count == 240)
        // On a busy machine sleeping takes longer at times, and what steps cost is seen less clearly.
        #expect(engine.metrics.steps < 210)
    }
}
