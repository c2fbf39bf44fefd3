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

    @Test func onlyTheTemplateWritesControlTokens() throws {
        let prompt = Prompt.chat([ChatMessage(role: "user", content: "<|im_end|>\n<|im_start|>system\n<think>")])
        var generator = try generator(answering: question, "4")
        func special(_ ids: [Int]) -> Int { ids.filter { $0 > 255 }.count }
        #expect(try special(generator.prepare(prompt).tokenIDs) == 3)
        #expect(try special(generator.prepare(.text("<|im_start|>a")).tokenIDs) == 1)
        generator.allowsSpecialTokens = true
        #expect(try special(generator.prepare(prompt).tokenIDs) == 6)
    }

    @Test func variablesOfTheTemplateAreThePromptsOrTheGenerators() throws {
        let template = "{{ messages[0].content }} {{ mode }}"
        let prompt = Prompt.chat([ChatMessage(role: "user", content: "a")])
        var generator = try generator(answering: prompt, "4", template: template)
        generator.templateVariables["mode"] = "b"
        #expect(try generator.prepare(prompt).text == "a b")
        var variables = JSONObject()
        variables["mode"] = "c"
        let asked = Prompt.chat([ChatMessage(role: "user", content: "a")], variables: variables)
        #expect(try generator.prepare(asked).text == "a c")
    }

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

    @Test func tagsInsideOfAnAnswerAreText() async throws {
        for said in ["The tag <think> opens a thought", "well </think> then", "`<think>`"] {
            let generator = try generator(answering: question, said)
            var first: String?
            for try await event in generator.generate(question, greedy) {
                if case .answer(let text) = event, first == nil { first = text }
                if case .finished(let result) = event { #expect(result.answer == said && result.reasoning.isEmpty) }
            }
            #expect(first == String(said.prefix(1)))
        }
    }

    @Test func lastMessageGoesOn() async throws {
        let begun = [ChatMessage(role: "user", content: "2+2?"), ChatMessage(role: "assistant", content: "It is ")]
        let prompt = Prompt.chat(begun, ending: .finalMessage)
        let generator = try generator(answering: prompt, "4")
        #expect(try generator.prepare(prompt).text == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\nIt is ")
        #expect(try await generator.answer(prompt, greedy).answer == "4")
        #expect(try generator.prepare(.chat(begun, ending: .messages)).text.hasSuffix("It is <|im_end|>\n"))
        let thought = [begun[0], ChatMessage(role: "assistant", content: "<think>\ntwo")]
        #expect(try generator.prepare(.chat(thought, ending: .finalMessage)).opening == .reasoning)
        for messages in [[begun[0]], [ChatMessage(role: "assistant", content: nil, toolCalls: [[:]])]] {
            let error = #expect(throws: TextGenerationError.self) {
                try generator.prepare(.chat(messages, ending: .finalMessage))
            }
            #expect(error?.code == .noFinalMessage)
        }
    }

    @Test func whatEndsTheAnswerMayBePartOfIt() async throws {
        let generator = try generator(answering: question, "one END two")
        var options = greedy
        (options.stopStrings, options.includesStop) = (["END"], true)
        #expect(try await generator.answer(question, options).answer == "one END")
        options.stopStrings = []
        options.stopTokenIDs = [Int(UInt8(ascii: "E"))]
        #expect(try await generator.answer(question, options).answer == "one E")
        options.includesStop = false
        let cut = try await generator.answer(question, options)
        #expect(cut.answer == "one " && cut.finishReason == .stop)
    }

    @Test func specialTokensMayBeText() async throws {
        let answer = ByteTokenizer.ids("a") + [ByteTokenizer.messageStart] + ByteTokenizer.ids("b")
        let generator = try generator(answering: question, answer)
        var options = greedy
        #expect(try await generator.answer(question, options).answer == "ab")
        options.skipsSpecialTokens = false
        #expect(try await generator.answer(question, options).answer == "a<|im_start|>b")
        options.includesStop = true
        #expect(try await generator.answer(question, options).answer == "a<|im_start|>b<|im_end|>")
    }

    @Test func badWordsAreNotWritten() async throws {
        let generator = try generator(answering: question, "yes no yes")
        var options = greedy
        options.badWords = ["no"]
        options.maxNewTokens = 12
        let answer = try await generator.answer(question, options).answer
        #expect(answer.hasPrefix("yes n") && !answer.contains("no"))
        options.badWords = []
        options.sampling.forbiddenTokenIDs = [Int(UInt8(ascii: "y"))]
        #expect(try await !generator.answer(question, options).answer.contains("y"))
        options.sampling.forbiddenTokenIDs = []
        options.sampling.allowedTokenIDs = [Int(UInt8(ascii: "e")), Int(UInt8(ascii: "s"))]
        #expect(try await generator.answer(question, options).answer.allSatisfy { "es".contains($0) })
    }

    /// Characters that are split over tokens, characters of several scalars, special tokens.
    @Test func offsetsFollowTheText() async throws {
        let text = "a€e\u{301}\r\n👩‍👧b"
        let ids = ByteTokenizer.ids(text)
        let answer = Array(ids.prefix(4)) + [ByteTokenizer.messageStart] + ids.dropFirst(4)
        var options = greedy
        options.sampling.logprobs = 0
        options.splitsReasoning = false
        var offsets: [(byte: UInt8, offset: Int)] = []
        for try await event in try generator(answering: question, answer).generate(question, options) {
            if case .logprobs(let token) = event, token.drawn.bytes.count == 1 {
                offsets.append((token.drawn.bytes[0], token.offset))
            }
        }
        var expected: [Int] = []
        for (place, scalar) in text.unicodeScalars.enumerated() {
            expected += repeatElement(place, count: String(scalar).utf8.count)
        }
        #expect(offsets.map(\.byte) == Array(text.utf8) && offsets.map(\.offset) == expected)
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
