import DeviceRuntime
import InferenceEngine
import KongurTesting
import Testing
import Tokenizers

@testable import TextGeneration

@Suite(.timeLimit(.minutes(10))) struct TextGeneratorTests {
    /// A generator whose model answers `prompt` with exactly these tokens and then ends its message.
    private func generator(
        answering prompt: Prompt,
        _ answer: [Int],
        template: String? = ByteTokenizer.template,
        system: String? = nil,
        contextLength: Int = 512
    ) throws -> TextGenerator {
        let tokenizer = try ByteTokenizer.load()
        let template = try template.map { try ChatTemplate(source: $0) }
        func generator(_ device: ScriptedDevice) throws -> TextGenerator {
            let engine = try Engine(
                model: .scripted(vocabularySize: ByteTokenizer.vocabularySize, contextLength: contextLength),
                device: device,
                configuration: EngineConfiguration(cacheBlocks: 256)
            )
            return TextGenerator(tokenizer: tokenizer, template: template, engine: EngineGroup(engine), system: system)
        }
        // The script must know where the prompt ends, and the prompt's tokens are known only to a generator.
        let count = try generator(ScriptedDevice(vocabularySize: 1)).prepare(prompt).tokenIDs.count
        return try generator(
            ScriptedDevice(
                vocabularySize: ByteTokenizer.vocabularySize,
                promptCount: count,
                answer: answer + [ByteTokenizer.messageEnd]
            )
        )
    }

    private func generator(
        answering prompt: Prompt,
        _ answer: String,
        template: String? = ByteTokenizer.template,
        system: String? = nil
    ) throws -> TextGenerator {
        try generator(answering: prompt, ByteTokenizer.ids(answer), template: template, system: system)
    }

    private let question = Prompt.chat([ChatMessage(role: "user", content: "2+2?")])
    private var greedy: GenerationOptions { GenerationOptions(sampling: .greedy) }

    @Test func chatIsAnsweredWithThoughtAndAnswer() async throws {
        let generator = try generator(answering: question, "<think>\ntwo and two ✓\n</think>\n\n4 é")
        var (reasoning, answer) = ("", "")
        var result: GenerationResult?
        for try await event in generator.generate(question, greedy) {
            switch event {
            case .reasoning(let text): reasoning += text
            case .answer(let text): answer += text
            case .toolCall, .toolArguments, .logprobs: Issue.record("what nobody asked for")
            case .finished(let last): result = last
            }
        }
        let finished = try #require(result)
        #expect(reasoning == "two and two ✓" && answer == "4 é")
        #expect(finished.reasoning == reasoning && finished.answer == answer)
        #expect(finished.text == "<think>\ntwo and two ✓\n</think>\n\n4 é")
        #expect(finished.finishReason == .stop)
        #expect(finished.tokenIDs == ByteTokenizer.ids(finished.text) + [ByteTokenizer.messageEnd])
        let prompt = try generator.prepare(question)
        #expect(prompt.text == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n")
        #expect(finished.usage.promptTokens == prompt.tokenIDs.count)
        #expect(finished.usage.completionTokens == finished.tokenIDs.count)
        #expect(finished.usage.reasoningTokens > 15 && finished.usage.reasoningTokens < 30)
        #expect(finished.timings.timeToFirstToken != nil && finished.timings.tokensPerSecond != nil)
        #expect(!finished.promptIsMostlyChinese)
    }

    @Test func templateThatOpensTheThoughtIsUnderstood() async throws {
        let template = ByteTokenizer.template.replacing("assistant\n{% endif", with: "assistant\n<think>\n{% endif")
        let generator = try generator(answering: question, "two\n</think>\n4", template: template)
        #expect(try generator.prepare(question).opening == .reasoning)
        let result = try await generator.answer(question, greedy)
        #expect(result.reasoning == "two" && result.answer == "4")
    }

    @Test func tagThatIsASpecialTokenIsSeen() async throws {
        let answer = [ByteTokenizer.think] + ByteTokenizer.ids("two</think>4")
        let result = try await generator(answering: question, answer).answer(question, greedy)
        #expect(result.reasoning == "two" && result.answer == "4")
    }

    @Test func splittingCanBeLeftOut() async throws {
        var options = greedy
        options.splitsReasoning = false
        let result = try await generator(answering: question, "<think>two</think>4").answer(question, options)
        #expect(result.reasoning == "" && result.answer == "<think>two</think>4")
    }

    @Test func stopStringEndsTheAnswerAndIsNeverShown() async throws {
        let generator = try generator(answering: question, "one END two END three")
        var options = greedy
        options.stopStrings = ["END", "three"]
        let result = try await generator.answer(question, options)
        #expect(result.answer == "one ")
        #expect(result.text == "one ")
        #expect(result.finishReason == .stop)
        #expect(result.stopString == "END")
        #expect(result.usage.completionTokens == 7)
        await generator.engine.shutdown(draining: true)
        #expect(generator.engine.metrics.freeCacheBlocks == generator.engine.metrics.cacheBlocks)
    }

    @Test func callsOfToolsComeAfterTheThought() async throws {
        let call = #"<tool_call>{"name": "add", "arguments": {"a": 2}}</tool_call>"#
        let said = "<think>\nI could \(call)\n</think>\n\nLet me add.\n\(call)\n\(call)"
        let generator = try generator(answering: question, said)
        var options = greedy
        options.tools = CallableTools(names: ["add"])
        var (reasoning, answer) = ("", "")
        var calls: [ToolCall] = []
        var result: GenerationResult?
        for try await event in generator.generate(question, options) {
            switch event {
            case .reasoning(let text): reasoning += text
            case .answer(let text): answer += text
            case .toolCall(let index, let name):
                #expect(index == calls.count)
                calls.append(ToolCall(name: name, arguments: ""))
            case .toolArguments(let index, let text): calls[index].arguments += text
            case .logprobs: Issue.record("log-probabilities that nobody asked for")
            case .finished(let last): result = last
            }
        }
        #expect(reasoning == "I could \(call)" && answer == "Let me add.")
        #expect(calls == Array(repeating: ToolCall(name: "add", arguments: #"{"a": 2}"#), count: 2))
        #expect(result?.answer == answer && result?.toolCalls == calls && result?.finishReason == .stop)
        #expect(result?.text == said)
        // Where one call is allowed the model is stopped after it, and without tools calls are text.
        options.tools = CallableTools(names: ["add"], isParallel: false)
        let one = try await generator.answer(question, options)
        #expect(one.toolCalls.count == 1 && one.finishReason == .stop)
        #expect(one.usage.completionTokens == said.utf8.count - call.utf8.count - 1)
        let text = try await generator.answer(question, greedy)
        #expect(text.toolCalls.isEmpty && text.answer == "Let me add.\n\(call)\n\(call)")
        await generator.engine.shutdown(draining: true)
        #expect(generator.engine.metrics.freeCacheBlocks == generator.engine.metrics.cacheBlocks)
    }

    /// Text that was passed on as the answer turned out to be thinking: so did what looked like a call in it.
    @Test func thoughtWithoutItsFirstTagCallsNothing() async throws {
        let call = #"<tool_call>{"name": "add", "arguments": {}}</tool_call>"#
        let said = String(repeating: "well ", count: 60) + call + "</think>\n\n4"
        var options = greedy
        options.tools = CallableTools(names: ["add"])
        let result = try await generator(answering: question, said).answer(question, options)
        #expect(result.answer == "4" && result.toolCalls.isEmpty)
    }

    @Test func lengthEndsInTheMiddleOfThinking() async throws {
        var options = greedy
        options.maxNewTokens = 10
        let result = try await generator(answering: question, "<think>two and two").answer(question, options)
        #expect(result.finishReason == .length)
        #expect(result.reasoning == "two" && result.answer == "")
    }

    @Test func halfACharacterAtTheEndIsShownAsBroken() async throws {
        var options = greedy
        options.maxNewTokens = 3
        let result = try await generator(answering: question, "a€").answer(question, options)
        #expect(result.answer == "a\u{FFFD}")
    }

    @Test func textAndTokensAreContinuedAsTheyStand() async throws {
        for prompt in [Prompt.text("Once"), .tokenIDs(ByteTokenizer.ids("Once"))] {
            let generator = try generator(answering: prompt, " upon a time", template: nil)
            #expect(try generator.prepare(prompt).tokenIDs == ByteTokenizer.ids("Once"))
            #expect(try await generator.answer(prompt, greedy).answer == " upon a time")
        }
    }

    @Test func systemMessageIsAddedWhereThereIsNone() throws {
        let generator = try generator(answering: question, "4", system: "Be brief.")
        #expect(try generator.prepare(question).text.hasPrefix("<|im_start|>system\nBe brief.<|im_end|>\n"))
        let own = Prompt.chat([
            ChatMessage(role: "system", content: "Be long."), ChatMessage(role: "user", content: "2+2?"),
        ])
        #expect(try !generator.prepare(own).text.contains("Be brief."))
    }

    @Test func promptsThatAreNoneAreRefusedClearly() async throws {
        let withTemplate = try generator(answering: question, "4")
        let without = try generator(answering: .text("x"), "4", template: nil)
        let refusing = try generator(
            answering: .text("x"),
            "4",
            template: "{{ raise_exception('roles must alternate') }}"
        )
        let refused: [(TextGenerator, Prompt, TextGenerationError.Code, String)] = [
            (withTemplate, .text(""), .emptyPrompt, "empty"),
            (withTemplate, .tokenIDs([]), .emptyPrompt, "empty"),
            (withTemplate, .chat([]), .emptyPrompt, "empty"),
            (withTemplate, .chat([ChatMessage(role: "user", content: " \n")]), .emptyPrompt, "empty"),
            (without, question, .noChatTemplate, "chat template"),
            (refusing, question, .templateFailed, "roles must alternate"),
        ]
        for (generator, prompt, code, words) in refused {
            let error = await #expect(throws: TextGenerationError.self) { try await generator.answer(prompt) }
            #expect(error?.code == code)
            #expect(error?.message.contains(words) == true)
        }
        let options = GenerationOptions(stopStrings: [""])
        await #expect(throws: TextGenerationError.self) { try await withTemplate.answer(question, options) }
    }

    @Test func engineErrorsComeThrough() async throws {
        let generator = try generator(answering: question, ByteTokenizer.ids("4"), contextLength: 64)
        let long = Prompt.text(String(repeating: "x", count: 64))
        let error = await #expect(throws: EngineError.self) { try await generator.answer(long) }
        #expect(error?.code == .promptTooLong)
    }

    @Test func chineseIsNoticedInWhatWasAsked() throws {
        let generator = try generator(answering: question, "4", system: "Answer briefly and in English, always.")
        let prompt = Prompt.chat([ChatMessage(role: "user", content: "二加二等于几?")])
        #expect(try generator.prepare(prompt).isMostlyChinese)
    }

    @Test func logprobsComeWithTheirText() async throws {
        var options = greedy
        options.sampling.logprobs = 2
        let generator = try generator(answering: question, "<think>t</think>4")
        var tokens: [TokenTextLogprobs] = []
        for try await event in generator.generate(question, options) {
            if case .logprobs(let token) = event { tokens.append(token) }
        }
        #expect(tokens.map(\.drawn.text).joined() == "<think>t</think>4")
        #expect(tokens.allSatisfy { $0.top.count == 2 && $0.top[0].id == $0.drawn.id && $0.drawn.logprob > -0.01 })
        #expect(tokens.last?.isReasoning == false)
        #expect(tokens[7].isReasoning)
    }

    @Test func leavingCancelsTheRequest() async throws {
        let generator = try generator(answering: question, "<think>" + String(repeating: "on and ", count: 60))
        let device = try #require(generator.engine.engines[0].device as? ScriptedDevice)
        let goOn = device.recorder.hold(fromStep: 20)
        func leaveAtTheFirstThought() async throws {
            for try await event in generator.generate(question, greedy) {
                if case .reasoning = event { break }
            }
        }
        try await leaveAtTheFirstThought()
        goOn()
        await generator.engine.shutdown(draining: true)
        #expect(generator.engine.metrics.finishedRequests == [.cancelled: 1])
    }

    @Test func cancelledTaskThrowsAndCancelsTheRequest() async throws {
        let generator = try generator(answering: question, String(repeating: "on and ", count: 60))
        let device = try #require(generator.engine.engines[0].device as? ScriptedDevice)
        let goOn = device.recorder.hold(fromStep: 1)
        let task = Task { try await generator.answer(question, greedy) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        goOn()
        await generator.engine.shutdown(draining: true)
        #expect(generator.engine.metrics.finishedRequests == [.cancelled: 1])
    }
}
