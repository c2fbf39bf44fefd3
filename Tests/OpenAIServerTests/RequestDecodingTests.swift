import HTTPTypes
import InferenceEngine
import KongurTesting
import Testing
import TextGeneration
import Tokenizers

@testable import OpenAIServer

struct RequestDecodingTests {
    private let limits = RequestLimits(contextLength: 1024, vocabularySize: 1000)

    private func chat(_ more: String, defaults: SamplingParameters = .greedy) throws -> ChatRequest {
        let text =
            #"{"model": "m", "messages": [{"role": "user", "content": "hi"}]"# + (more.isEmpty ? "" : ", ") + more + "}"
        return try ChatRequest(RequestFields(Array(text.utf8)), limits, defaults: defaults)
    }

    private func param(_ more: String) -> String? {
        do {
            _ = try chat(more)
            return nil
        } catch {
            return (error as? APIError)?.param
        }
    }

    private static func tool(_ name: String) -> String { #"{"type": "function", "function": {"name": "\#(name)"}}"# }

    private func tools(_ choice: String, _ more: String = "") throws -> ChatRequest {
        try chat(#""tools": [\#(Self.tool("f")), \#(Self.tool("g"))], "tool_choice": "# + choice + more)
    }

    @Test func offersTheModelTools() throws {
        let auto = try chat(#""tools": [\#(Self.tool("f"))]"#)
        #expect(auto.tools.described == [["type": "function", "function": ["name": "f"]]])
        #expect(auto.generation.options.tools == CallableTools(names: ["f"], isParallel: true))
        #expect(auto.generation.options.format == nil)
        let none = try tools("\"none\"")
        #expect(none.tools.described == nil && none.generation.options.tools == nil)
        let required = try tools("\"required\"", #", "parallel_tool_calls": false"#)
        #expect(required.generation.options.tools == CallableTools(names: ["f", "g"], isParallel: false))
        #expect(required.generation.options.format == .toolCalls(required.tools.tools, isParallel: false))
        // Of one that must be called the model still sees the others.
        let named = try tools(Self.tool("g"))
        #expect(named.tools.described?.count == 2)
        #expect(named.generation.options.tools == CallableTools(names: ["g"], isParallel: false))
        let allowed = try tools(
            #"{"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [\#(Self.tool("g"))]}}"#
        )
        #expect(allowed.generation.options.tools?.names == ["g"] && allowed.generation.options.format == nil)
        // A format is for answers that are no calls.
        let format = #", "response_format": {"type": "json_object"}"#
        #expect(try tools("\"none\"", format).generation.options.format == .jsonObject)
        let both = try tools("\"auto\"", format)
        #expect(
            both.generation.options.format == .either(.jsonObject, .toolCalls(both.tools.tools, isParallel: true))
        )
        let forced = try tools("\"required\"", format).generation.options.format
        #expect(forced?.isToolCalls == true)
    }

    @Test func givesTemplatesCallsAndTheirResultsInOrder() throws {
        func call(_ id: String, _ arguments: String) -> String {
            #"{"id": "\#(id)", "type": "function", "function": {"name": "f", "arguments": "# + arguments + "}}"
        }
        let text = #"""
            {"model": "m", "messages": [
                {"role": "user", "content": "go"},
                {"role": "assistant", "content": null, "tool_calls": [\#(call("a", #""{\"x\": 1}""#)), \#(call("b", "\"\""))]},
                {"role": "tool", "tool_call_id": "b", "content": "second"},
                {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "first"}]},
                {"role": "user", "content": "and?"}
            ]}
            """#
        let messages = try ChatRequest(RequestFields(Array(text.utf8)), limits, defaults: .greedy).messages
        #expect(messages.map(\.content) == ["go", nil, "first", "second", "and?"])
        #expect(messages[1].toolCalls.map { $0["function"]?["arguments"] } == [#"{"x": 1}"#, ""])
        #expect(messages[2].toolCallID == "a")
    }

    @Test func takesWhatIsGivenAndDefaultsForTheRest() throws {
        var defaults = SamplingParameters(temperature: 0.6)
        defaults.topP = 0.95
        let request = try chat(
            #""top_k": 5, "seed": -1, "max_tokens": 7, "max_completion_tokens": 9, "stop": "x", "n": 2, "min_p": null"#,
            defaults: defaults
        )
        let options = request.generation.options
        #expect(options.sampling.temperature == 0.6)
        #expect(options.sampling.topP == 0.95)
        #expect(options.sampling.topK == 5)
        #expect(options.sampling.seed == .max)
        #expect(options.maxNewTokens == 9)
        #expect(options.stopStrings == ["x"])
        #expect(request.generation.count == 2)
        #expect(request.messages == [ChatMessage(role: "user", content: "hi")])
    }

    @Test(arguments: [
        (#""temperature": 2.1"#, "temperature"), (#""temperature": NaN"#, "temperature"),
        (#""temperature": true"#, "temperature"), (#""top_p": -0.1"#, "top_p"), (#""top_k": -2"#, "top_k"),
        (#""top_k": 1.5"#, "top_k"), (#""min_p": Infinity"#, "min_p"), (#""seed": 1e40"#, "seed"),
        (#""repetition_penalty": 0"#, "repetition_penalty"), (#""presence_penalty": 3"#, "presence_penalty"),
        (#""frequency_penalty": "1""#, "frequency_penalty"), (#""n": 65"#, "n"), (#""stream": 1"#, "stream"),
        (#""max_tokens": 0"#, "max_tokens"), (#""max_completion_tokens": -2"#, "max_completion_tokens"),
        (#""max_tokens": 5, "min_tokens": 6"#, "min_tokens"), (#""priority": 5000"#, "priority"),
        (#""stop": 1"#, "stop"), (#""stop": [1]"#, "stop"), (#""logit_bias": [1]"#, "logit_bias"),
        (#""logit_bias": {"x": 1}"#, "logit_bias"), (#""logit_bias": {"1": NaN}"#, "logit_bias"),
        (#""metadata": {"a": [1, -Infinity]}"#, "metadata"), (#""unknown": 1e400"#, "unknown"),
        (#""top_logprobs": 3"#, "top_logprobs"), (#""logprobs": true, "top_logprobs": 21"#, "top_logprobs"),
        (#""chat_template_kwargs": 1"#, "chat_template_kwargs"),
        (#""chat_template_kwargs": {"messages": []}"#, "chat_template_kwargs.messages"),
        (#""tools": 1"#, "tools"), (#""tools": [{"type": "function"}]"#, "tools[0].function"),
        (#""tools": [{"type": "web_search"}]"#, "tools[0].type"), (#""tools": [{}]"#, "tools[0].type"),
        (#""tools": [{"type": "function", "function": {}}]"#, "tools[0].function.name"),
        (#""tools": [{"type": "function", "function": {"name": "a b"}}]"#, "tools[0].function.name"),
        (#""tools": [\#(Self.tool("f")), \#(Self.tool("f"))]"#, "tools[1].function.name"),
        (
            #""tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "string"}}}]"#,
            "tools[0].function.parameters"
        ),
        (#""tools": [{"type": "function", "function": {"name": "f", "strict": 1}}]"#, "tools[0].function.strict"),
        (#""tool_choice": "required""#, "tool_choice"), (#""tool_choice": "always""#, "tool_choice"),
        (#""tools": [\#(Self.tool("f"))], "tool_choice": {"type": "function"}"#, "tool_choice.function"),
        (#""tools": [\#(Self.tool("f"))], "tool_choice": \#(Self.tool("g"))"#, "tool_choice"),
        (#""tools": [\#(Self.tool("f"))], "tool_choice": "required", "min_tokens": 1"#, "tool_choice"),
        (#""parallel_tool_calls": 1"#, "parallel_tool_calls"), (#""functions": [{}]"#, "functions"),
        (
            #""messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]"#,
            "messages[0].tool_calls[0].function.arguments"
        ),
        (
            #""messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}]"#,
            "messages[0].tool_calls[0].function.name"
        ),
        (#""messages": [{"role": "assistant", "tool_calls": [{"type": "x"}]}]"#, "messages[0].tool_calls[0].function"),
        (#""messages": [{"role": "tool", "tool_call_id": "a"}]"#, "messages[0].content"),
        (#""response_format": {"type": "xml"}"#, "response_format.type"),
        (#""response_format": "json_object""#, "response_format"),
        (#""response_format": {"type": "json_schema"}"#, "response_format.json_schema"),
        (#""response_format": {"type": "json_schema", "json_schema": {}}"#, "response_format.json_schema.schema"),
        (#""response_format": {"type": "json_object"}, "ignore_eos": true"#, "response_format"),
        (#""reasoning_effort": "most""#, "reasoning_effort"), (#""reasoning_effort": 3"#, "reasoning_effort"),
        (#""thinking_token_budget": -1"#, "thinking_token_budget"),
        (#""thinking_budget": -1"#, "thinking_budget"),
        (#""thinking_token_budget": 1, "thinking_budget": 2"#, "thinking_budget"),
        (#""thinking": true"#, "thinking"), (#""thinking": {"type": "often"}"#, "thinking.type"),
        (#""thinking": {"budget_tokens": "9"}"#, "thinking.budget_tokens"),
        (#""enable_thinking": "yes""#, "enable_thinking"),
        (#""thinking_token_budget": "9""#, "thinking_token_budget"),
        (#""reasoning_effort": "low", "thinking_token_budget": 1e40"#, "thinking_token_budget"),
        (#""reasoning": "often""#, "reasoning"), (#""reasoning": {"effort": 1}"#, "reasoning.effort"),
        (#""reasoning_format": "deepseek-legacy""#, "reasoning_format"),
        (#""add_generation_prompt": true, "continue_final_message": true"#, "add_generation_prompt"),
        (#""continue_final_message": true"#, "continue_final_message"),
        (#""stop_token_ids": [1000]"#, "stop_token_ids"), (#""stop_token_ids": 1"#, "stop_token_ids"),
        (#""bad_words": [""]"#, "bad_words"), (#""allowed_token_ids": []"#, "allowed_token_ids"),
        (#""logit_bias": [[1]]"#, "logit_bias"), (#""logit_bias": [["x", 1]]"#, "logit_bias"),
        (#""guided_choice": []"#, "guided_choice"), (#""guided_choice": [1]"#, "guided_choice"),
        (#""guided_choice": ["a"], "guided_regex": "b""#, "guided_choice"),
        (#""guided_json": "{""#, "guided_json"), (#""json_schema": 1"#, "json_schema"),
        (#""structured_outputs": {"choice": "x"}"#, "structured_outputs.choice"),
        (#""response_format": {"type": "regex"}"#, "response_format.value"),
        (#""response_format": {"type": "json_object"}, "guided_regex": "a""#, "guided_regex"),
        (#""guided_choice": ["a"], "ignore_eos": true"#, "guided_choice"),
    ])
    func namesWhatIsWrong(_ fields: String, _ name: String) {
        #expect(param(fields) == name)
    }

    @Test func effortIsABudgetAndABudgetGoesFirst() throws {
        func budget(_ more: String) throws -> Int? { try chat(more).generation.options.thinkingBudget }
        #expect(try budget("") == nil)
        let efforts = try ["none", "minimal", "low", "medium", "high", "xhigh", "max"].map {
            try budget(#""reasoning_effort": "\#($0)""#)
        }
        #expect(efforts == [0, 512, 2048, 8192, 32_768, 65_536, Int(Int32.max)])
        #expect(try budget(#""thinking_token_budget": 7"#) == 7)
        for other in [#""thinking_budget": 7"#, #""thinking_budget_tokens": 7"#, #""thinking": {"budget_tokens": 7}"#] {
            #expect(try budget(other) == 7)
        }
        #expect(try budget(#""thinking": {"budget_tokens": 9}, "thinking_budget": 7"#) == 7)
        #expect(try budget(#""thinking_token_budget": 0, "reasoning_effort": "high""#) == 0)
        #expect(try budget(#""thinking_token_budget": null, "reasoning_effort": "low""#) == 2048)
    }

    @Test func enableThinkingIsAVariableOfTheTemplate() throws {
        func isOn(_ more: String) throws -> Bool? { try chat(more).variables["enable_thinking"]?.bool }
        #expect(try isOn("") == nil && isOn(#""enable_thinking": null"#) == nil)
        for flag in [true, false] {
            #expect(try isOn(#""enable_thinking": \#(flag)"#) == flag)
            #expect(try isOn(#""enable_thinking": \#(flag), "chat_template_kwargs": {"a": 1}"#) == flag)
            let both = #""enable_thinking": \#(flag), "chat_template_kwargs": {"enable_thinking": "#
            #expect(try isOn(both + "\(flag)}") == flag)
            #expect(param(both + "\(!flag)}") == "enable_thinking")
        }
    }

    @Test func noEffortIsNoThinking() throws {
        func mode(_ more: String) throws -> ReasoningMode? { try chat(more).generation.options.reasoning }
        #expect(try mode("") == nil && mode(#""reasoning_effort": "low""#) == nil)
        #expect(try mode(#""reasoning_effort": "none""#) == .off && mode(#""reasoning": {"effort": "none"}"#) == .off)
        #expect(try mode(#""reasoning_effort": "none", "thinking_token_budget": 9"#) == nil)
        #expect(try mode(#""thinking": {"type": "disabled"}"#) == .off)
        #expect(try mode(#""thinking": {"type": "enabled"}"#) == .on && mode(#""thinking": {"type": "auto"}"#) == nil)
        #expect(try mode(#""thinking": {"type": "enabled"}, "reasoning_effort": "none""#) == .off)
        #expect(try mode(#""reasoning": "on""#) == .on && mode(#""reasoning": {"enabled": false}"#) == .off)
        #expect(try chat(#""reasoning": {"max_tokens": 9}"#).generation.options.thinkingBudget == 9)
        #expect(try !chat(#""reasoning": {"exclude": true}"#).includeReasoning)
        #expect(try !chat(#""separate_reasoning": false"#).generation.options.splitsReasoning)
        #expect(try !chat(#""reasoning_format": "none""#).generation.options.splitsReasoning)
    }

    @Test func answersAreCutToTheContext() throws {
        func longest(_ more: String) throws -> Int? { try chat(more).generation.options.maxNewTokens }
        for name in ["max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict", "max_new_tokens"] {
            #expect(try longest(#""\#(name)": 1024"#) == 1024 && longest(#""\#(name)": 64000"#) == 1024)
            #expect(try longest(#""\#(name)": -1"#) == nil && longest(#""\#(name)": null"#) == nil)
        }
        #expect(try longest("") == nil)
        func continued(_ more: String) throws -> Int? {
            let text = #"{"model": "m", "prompt": "x""# + more + "}"
            return try CompletionRequest(RequestFields(Array(text.utf8)), limits, defaults: .greedy).generation.options
                .maxNewTokens
        }
        #expect(try continued("") == 16 && continued(#", "max_tokens": 5000"#) == 1024)
        #expect(try continued(#", "max_tokens": null"#) == nil && continued(#", "max_tokens": -1"#) == nil)
    }

    @Test func formsOfOtherServersAreObeyed() throws {
        let schema: JSONValue = ["type": "object"]
        let asked: [(String, TextGeneration.AnswerFormat)] = [
            (#""guided_choice": ["a", "b"]"#, .choice(["a", "b"])), (#""guided_regex": "a+""#, .pattern("a+")),
            (#""regex": "a+""#, .pattern("a+")), (#""guided_json": {"type": "object"}"#, .jsonSchema(schema)),
            (#""guided_json": "{\"type\": \"object\"}""#, .jsonSchema(schema)),
            (#""json_schema": {"type": "object"}"#, .jsonSchema(schema)),
            (#""structured_outputs": {"json": {"type": "object"}}"#, .jsonSchema(schema)),
            (#""structured_outputs": {"regex": "a"}"#, .pattern("a")),
            (#""structured_outputs": {"choice": ["a"]}"#, .choice(["a"])),
            (#""structured_outputs": {"json_object": true, "json": null}"#, .jsonObject),
            (#""response_format": {"type": "json_object", "schema": {"type": "object"}}"#, .jsonSchema(schema)),
            (#""response_format": {"type": "json", "value": {"type": "object"}}"#, .jsonSchema(schema)),
            (#""response_format": {"type": "json_schema", "schema": {"type": "object"}}"#, .jsonSchema(schema)),
            (
                #""response_format": {"type": "json_schema", "value": {"schema": {"type": "object"}}}"#,
                .jsonSchema(schema)
            ),
            (#""response_format": {"type": "regex", "value": "a"}"#, .pattern("a")),
        ]
        for (fields, format) in asked {
            #expect(try chat(fields).generation.options.format == format, "\(fields)")
        }
    }

    @Test func tokensAreNamedInEveryForm() throws {
        let options = try chat(
            #""stop_token_ids": [5, 5, 9], "allowed_token_ids": [1, 2], "bad_words": ["no"], "logit_bias": [[3, -1.5], [4, false]], "include_stop_str_in_output": true, "skip_special_tokens": false"#
        ).generation.options
        #expect(options.stopTokenIDs == [5, 9] && options.sampling.allowedTokenIDs == [1, 2])
        #expect(options.badWords == ["no"] && options.includesStop && !options.skipsSpecialTokens)
        #expect(options.sampling.logitBias == [3: -1.5] && options.sampling.forbiddenTokenIDs == [4])
        #expect(try chat(#""logit_bias": {"7": false}"#).generation.options.sampling.forbiddenTokenIDs == [7])
        #expect(try chat(#""no_stop_trim": true"#).generation.options.includesStop)
    }

    @Test func joinsPartsOfText() throws {
        let text =
            #"{"model": "m", "messages": [{"role": "developer", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}]}"#
        let request = try ChatRequest(RequestFields(Array(text.utf8)), limits, defaults: .greedy)
        #expect(request.messages == [ChatMessage(role: "system", content: "ab")])
    }

    @Test func takesEveryFormOfPrompt() throws {
        func prompts(_ prompt: String) throws -> [Prompt] {
            let text = #"{"model": "m", "prompt": "# + prompt + "}"
            return try CompletionRequest(RequestFields(Array(text.utf8)), limits, defaults: .greedy).prompts
        }
        #expect(try prompts(#""a""#) == [.text("a")])
        #expect(try prompts(#"["a", "b"]"#) == [.text("a"), .text("b")])
        #expect(try prompts("[1, 2]") == [.tokenIDs([1, 2])])
        #expect(try prompts("[[1], [2]]") == [.tokenIDs([1]), .tokenIDs([2])])
        for wrong in ["1", "[]", "[-1]", "[1000]", "[1, \"a\"]", "[[1.5]]", "{}", "null"] {
            #expect(throws: APIError.self, "\(wrong)") { try prompts(wrong) }
        }
    }

    /// Broken in every place: each body is taken or refused, and none traps.
    @Test func survivesDamagedBodies() async throws {
        let bodies = [
            #"{"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "n": 2, "seed": -9}"#,
            #"{"model": "m", "prompt": [[1, 2], [3]], "logit_bias": {"1": 2.5e1}, "stop": ["a", "é"], "top_p": 1E-2}"#,
        ]
        var random = SeededGenerator(4)
        let pieces = Array(#"{}[]",:0129-+.eE\ua\ntruefalsnN"#.utf8) + [0, 0x80, 0xC3, 0xFF]
        var taken = 0
        for round in 0..<4000 {
            var body = Array(bodies[round % 2].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: body.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[place] = pieces.randomElement(using: &random) ?? 0
                case 1: body.insert(pieces.randomElement(using: &random) ?? 0, at: place)
                default: body.remove(at: place)
                }
            }
            do throws(APIError) {
                let fields = try RequestFields(body)
                if round % 2 == 0 {
                    _ = try ChatRequest(fields, limits, defaults: .greedy)
                } else {
                    _ = try CompletionRequest(fields, limits, defaults: .greedy)
                }
                taken += 1
            } catch {
                #expect(error.status == .badRequest)
            }
            if round % 100 == 0 { await Task.yield() }
        }
        #expect((100...3900).contains(taken))
    }

    @Test func escapesWhatComesFromOutside() {
        #expect("a\u{1B}[2J\nb".escaped(limit: 100) == "a\\u{1b}[2J\\u{a}b")
        #expect(RequestRecord.identifier("ok-1.2:3_4") == "ok-1.2:3_4")
        for wrong in ["", "a b", "a\r\nX: y", String(repeating: "a", count: 129), "é"] {
            #expect(RequestRecord.identifier(wrong).hasPrefix("req-"))
        }
    }
}
