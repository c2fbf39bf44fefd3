import DeviceRuntime
import Foundation
import Testing

@testable import Kongur

/// The library as a program that embeds it uses it, on the bundled model.
@Suite(.serialized) struct LanguageModelTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path
    private static let greedy = GenerationParameters(maxNewTokens: 300, temperature: 0)

    @Test func answersWithItsThinking() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        let result = try await model.answer("What is 47 + 385?", Self.greedy)
        #expect(result.answer.contains("\\boxed{432}"))
        #expect(result.reasoning.contains("47+385"))
        #expect(result.text.contains("</think>") && !result.answer.contains("</think>"))
        #expect(result.finishReason == .stop)
        #expect(result.usage.completionTokens == result.tokenIDs.count)
        #expect(result.usage.reasoningTokens > 0 && result.usage.reasoningTokens < result.usage.completionTokens)
    }

    @Test func thinksNoMoreThanItMay() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        var parameters = Self.greedy
        let free = try await model.answer("What is 47 + 385?", parameters)
        for budget in [0, 10, 40] {
            parameters.thinkingBudget = budget
            let result = try await model.answer("What is 47 + 385?", parameters)
            #expect(result.tokenIDs.prefix(2 + budget) == free.tokenIDs.prefix(2 + budget))
            #expect(free.reasoning.hasPrefix(result.reasoning) && !result.answer.isEmpty)
            #expect(result.finishReason == .stop && result.text.contains("\n</think>\n\n"))
            #expect(result.usage.reasoningTokens < budget + 8)
        }
        parameters.thinkingBudget = -1
        let error = await #expect(throws: KongurError.self) { try await model.answer("1 + 1", parameters) }
        #expect(error?.code == .invalidInput)
    }

    @Test func eventsAddUpToTheResult() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        var (reasoning, answer) = ("", "")
        var finished: GenerationResult?
        for try await event in model.generate("Solve 3x + 4 = 19.", Self.greedy) {
            switch event {
            case .reasoning(let piece): reasoning += piece
            case .answer(let piece): answer += piece
            case .finished(let result): finished = result
            }
        }
        let result = try #require(finished)
        #expect(result.reasoning == reasoning && result.answer == answer)
        #expect(!reasoning.isEmpty && !answer.isEmpty)
    }

    @Test func manyAnswersAtOnceAreTheAnswersOfEach() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        let questions = ["12 + 30", "What is 9 * 8?", "gcd(12, 18)", "Find 20% of 50.", "What is 100 - 1?"]
        var alone: [String] = []
        for question in questions { alone.append(try await model.answer(question, Self.greedy).text) }
        let together = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask { (index, try await model.answer(question, Self.greedy).text) }
            }
            return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(questions.indices.map { together[$0] } == alone)
    }

    /// Pebble restates the question in its thinking, so that guesses are often right.
    @Test(arguments: ModelOptions.Weights.allCases)
    func guessingChangesNoAnswer(_ weights: ModelOptions.Weights) async throws {
        let questions = ["What is 47 + 385?", "Solve 3x + 4 = 19.", "Find the gcd of 84 and 36.", "What is 12 * 11?"]
        func answers(_ speculation: ModelOptions.Speculation) async throws -> [GenerationResult] {
            let model = try await LanguageModel.load(
                Self.pebble,
                options: ModelOptions(weights: weights, speculation: speculation)
            )
            return try await withThrowingTaskGroup(of: (Int, GenerationResult).self) { group in
                for (index, question) in questions.enumerated() {
                    for temperature in [0.0, 1.0] {
                        let parameters = GenerationParameters(maxNewTokens: 300, temperature: temperature, seed: 5)
                        let place = 2 * index + Int(temperature)
                        group.addTask { (place, try await model.answer(question, parameters)) }
                    }
                }
                var results = [Int: GenerationResult]()
                for try await (place, result) in group { results[place] = result }
                return results.sorted { $0.key < $1.key }.map(\.value)
            }
        }
        let plain = try await answers(.off)
        #expect(plain.count == 8 && plain.allSatisfy { $0.usage.draftTokens == 0 })
        for speculation in [.automatic, .upTo(5)] as [ModelOptions.Speculation] {
            let guessed = try await answers(speculation)
            #expect(guessed.map(\.tokenIDs) == plain.map(\.tokenIDs))
            #expect(guessed.map(\.text) == plain.map(\.text))
            if speculation == .upTo(5) { #expect(guessed.allSatisfy { $0.usage.acceptedTokens > 0 }) }
        }
    }

    @Test func conversationGoesOn() async throws {
        let chat = ChatSession(try await LanguageModel.load(Self.pebble), parameters: Self.greedy)
        _ = try await chat.respond(to: "What is 5 + 6?")
        _ = try await chat.respond(to: "What is 7 + 8?")
        #expect(chat.messages.map(\.role) == [.user, .assistant, .user, .assistant])
        #expect(!chat.messages[1].content.contains("<think>"))
    }

    @Test func answerThatNobodyReadsIsForgotten() async throws {
        let chat = ChatSession(try await LanguageModel.load(Self.pebble), parameters: Self.greedy)
        for try await _ in chat.streamResponse(to: "What is 5 + 6?") { break }
        #expect(chat.messages.isEmpty)
    }

    @Test func whatCannotBeDoneIsRefused() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        let long = String(repeating: "1 + ", count: 3000)
        for (prompt, parameters) in [
            ("", GenerationParameters()), (long, GenerationParameters()), ("1", GenerationParameters(temperature: -1)),
            ("1", GenerationParameters(topP: .nan)), ("1", GenerationParameters(maxNewTokens: 0)),
        ] {
            let error = await #expect(throws: KongurError.self) { _ = try await model.answer(prompt, parameters) }
            #expect(error?.code == .invalidInput, "\(error?.message ?? "")")
        }
        await #expect(throws: KongurError.self) { _ = try await LanguageModel.load("/no/such/model") }
    }

    @Test func compilesOnceAndAnswersTheSame() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kongur-cache-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let loader = ModelLoader(locator: ModelLocator(environment: ["KONGUR_CACHE": folder]))
        let first = try loader.load(Self.pebble)
        let kept = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/compiled")
        #expect(kept.count == 1)
        let second = try loader.load(Self.pebble)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/compiled") == kept)
        #expect(first.compiled.program == second.compiled.program)
        // What was kept and is damaged is made again.
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(folder)/compiled/\(kept[0])/program.json"))
        #expect(try loader.load(Self.pebble).compiled.program == first.compiled.program)
    }
}
