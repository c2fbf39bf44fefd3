import InferenceEngine
import Testing
import TextGeneration
import Tokenizers

@testable import OpenAIServer

struct ResponsesRequestTests {
    private let limits = RequestLimits(contextLength: 1024, vocabularySize: 1000)

    private func request(_ fields: String) throws -> ResponsesRequest {
        try ResponsesRequest(RequestFields(Array("{\"model\": \"m\", \(fields)}".utf8)), limits, defaults: .greedy)
    }

    @Test func itemsBecomeAConversation() throws {
        let messages = try request(
            #"""
            "instructions": "Be brief.", "input": [
                {"role": "developer", "content": "Be kind."},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]},
                {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"x\": 1}", "status": "completed"},
                {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "second"}]},
                {"type": "function_call_output", "call_id": "c1", "output": "first"},
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}], "encrypted_content": "x"},
                {"type": "function_call", "call_id": "c3", "name": "f", "arguments": ""},
                {"type": "function_call_output", "call_id": "c3", "output": "third"},
                {"type": "reasoning", "summary": [], "encrypted_content": "x"},
                {"role": "user", "content": "and?"}
            ]
            """#
        ).messages
        #expect(
            messages.map(\.role) == [
                "system", "system", "user", "assistant", "tool", "tool", "assistant", "tool", "user",
            ]
        )
        #expect(
            messages.map(\.content) == [
                "Be brief.", "Be kind.", "ab", "Let me see.", "first", "second", nil, "third", "and?",
            ]
        )
        #expect(messages[3].reasoningContent == "hm" && messages[6].reasoningContent == "so")
        #expect(messages[3].toolCalls.map { $0["function"]?["name"] } == ["f", "g"])
        #expect(messages[3].toolCalls.first?["function"]?["arguments"] == #"{"x": 1}"#)
        #expect(messages[6].toolCalls.first?["function"]?["arguments"] == "")
        #expect(messages[8].reasoningContent == nil)
    }

    @Test func takesWhatIsGivenUnderItsOwnNames() throws {
        let tools =
            #"[{"type": "function", "name": "f", "parameters": {"type": "object"}}, {"type": "function", "name": "g"}]"#
        let asked = try request(
            #""input": "hi", "max_output_tokens": 9, "max_tokens": 5, "n": 1, "temperature": 0.6, "store": true, "tools": "#
                + tools + #", "tool_choice": {"type": "function", "name": "g"}, "reasoning": {"effort": "low"}"#
        )
        #expect(asked.generation.options.maxNewTokens == 9 && asked.generation.count == 1)
        #expect(asked.generation.options.tools == CallableTools(names: ["g"], isParallel: false))
        #expect(
            asked.tools.described?.first == [
                "type": "function", "function": ["name": "f", "parameters": ["type": "object"]],
            ]
        )
        #expect(asked.repeated["store"] == false && asked.repeated["temperature"]?.json == "0.6")
        #expect(asked.repeated["reasoning"]?["effort"] == "low")
        #expect(asked.generation.options.thinkingBudget == ReasoningEffort.low.thinkingBudget)
        #expect(asked.repeated["tools"]?.array?.last?["name"] == "g")
        let schema = #""text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "string"}}}"#
        #expect(
            try request("\"input\": \"hi\", " + schema).generation.options.format == .jsonSchema(["type": "string"])
        )
    }

    @Test(arguments: [
        (#""input": 1"#, "input"), (#""input": []"#, "input"), (#""instructions": "x""#, "input"),
        (#""input": [{"role": "tool", "content": "x"}]"#, "input[0].role"),
        (#""input": [{"role": "user"}]"#, "input[0].content"),
        (#""input": [{"role": "user", "content": [{"type": "input_image"}]}]"#, "input[0].content[0].type"),
        (#""input": [{"type": "item_reference", "id": "x"}]"#, "input[0].type"),
        (#""input": [{"type": "computer_call"}]"#, "input[0].type"),
        (#""input": [{"type": "function_call", "name": "f"}]"#, "input[0].call_id"),
        (#""input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "["}]"#, "input[0].arguments"),
        (#""input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]"#, "input[0].call_id"),
        (#""input": "x", "previous_response_id": "r""#, "previous_response_id"),
        (#""input": "x", "conversation": {"id": "c"}"#, "conversation"),
        (#""input": "x", "background": true"#, "background"), (#""input": "x", "n": 7"#, "n"),
        (#""input": "x", "text": {"verbosity": "low"}"#, "text.verbosity"),
        (#""input": "x", "prompt": {"id": "p"}"#, "prompt"), (#""input": "x", "messages": [{}]"#, "messages"),
        (#""input": "x", "store": 1"#, "store"), (#""input": "x", "max_output_tokens": 0"#, "max_output_tokens"),
        (#""input": "x", "text": "json""#, "text"),
        (#""input": "x", "text": {"format": {"type": "x"}}"#, "text.format.type"),
        (#""input": "x", "text": {"format": {"type": "json_schema"}}"#, "text.format.schema"),
        (#""input": "x", "reasoning": {"effort": "huge"}"#, "reasoning.effort"),
        (#""input": "x", "metadata": {"a": 1}"#, "metadata"), (#""input": "x", "top_logprobs": 21"#, "top_logprobs"),
        (#""input": "x", "tools": [{"type": "function"}]"#, "tools[0].name"),
        (#""input": "x", "tools": [{"type": "file_search"}]"#, "tools[0].type"),
        (#""input": "x", "tools": [{"type": "function", "name": "f", "parameters": {"x": [NaN]}}]"#, "tools"),
        (
            #""input": "x", "text": {"format": {"type": "json_schema", "schema": {"default": -1e400}}}"#, "text"
        ),
        (#""input": "x", "tool_choice": {"type": "function"}"#, "tool_choice.name"),
    ])
    func namesWhatIsWrong(_ fields: String, _ name: String) {
        let error = #expect(throws: APIError.self) { try request(fields) }
        #expect(error?.param == name)
    }
}
