import Foundation
import HTTPTypes
import InferenceEngine
import KongurTesting
import Testing
import Tokenizers

@testable import OpenAIServer

/// What would change the answer is obeyed or refused by name.
struct RequestFieldTests {
    private func check(_ members: String, on route: CompletionEndpoint = .chat) throws -> [String] {
        try KnownFields.check(RequestFields(Array("{\(members)}".utf8)), on: route)
    }

    @Test(arguments: [
        #""grammar": "root ::= x""#, #""guided_grammar": "x""#, #""ebnf": "x""#, #""structural_tag": {}"#,
        #""structured_outputs": {"grammar": "x"}"#, #""structured_outputs": {"structural_tag": "x"}"#,
        #""mirostat": 2"#, #""typical_p": 0.5"#, #""dry_multiplier": 0.8"#, #""xtc_probability": 0.1"#,
        #""dynatemp_range": 0.5"#, #""top_n_sigma": 1.5"#, #""repeat_penalty": 1.1"#, #""samplers": ["top_k"]"#,
        #""use_beam_search": true"#, #""length_penalty": 2"#, #""stop_regex": "a""#, #""watermark": true"#,
        #""truncate_prompt_tokens": 5"#, #""prompt_logprobs": 1"#, #""echo": true"#, #""suffix": "x""#,
        #""chat_template": "x""#, #""documents": [{}]"#, #""lora": [{"id": 0}]"#, #""lora_path": "x""#,
        #""logits_processors": ["x"]"#, #""custom_logit_processor": "x""#, #""n_probs": 3"#, #""t_max_predict_ms": 5"#,
        #""audio": {}"#, #""modalities": ["text", "audio"]"#, #""web_search_options": {}"#, #""verbosity": "low""#,
        #""functions": [{}]"#, #""function_call": {"name": "f"}"#, #""return_token_ids": true"#,
        #""previous_response_id": "r""#, #""input_ids": [1]"#, #""tool_prompt": "x""#, #""prompt": "x""#,
        #""bootstrap_room": 1"#, #""stream_reasoning": false"#, #""add_special_tokens": true"#,
    ])
    func fieldsThatWouldChangeTheAnswerAreRefusedByName(_ member: String) throws {
        let error = #expect(throws: APIError.self) { try check(member) }
        #expect(error?.code == "unsupported_parameter" && error?.status == .badRequest)
        let name = try #require(error?.param)
        #expect(error?.message.contains("'\(name)'") == true)
        let parts = name.split(separator: ".").map { "\"\($0)\"" }
        #expect(parts.allSatisfy(member.contains))
    }

    @Test func valuesThatAskForNothingAreAccepted() throws {
        for field in KnownFields.all where !field.name.contains(".") {
            for route in CompletionEndpoint.allCases {
                #expect(try check("\"\(field.name)\": null", on: route).isEmpty)
            }
            guard case .refused(let neutral) = field.treatment, let route = field.routes.first else { continue }
            for value in neutral { #expect(try check("\"\(field.name)\": \(value.json)", on: route).isEmpty) }
        }
        let defaults =
            #""typical_p": 1.0, "mirostat": 0, "echo": false, "length_penalty": 1, "modalities": ["text"], "user": "u", "metadata": {"a": "b"}, "service_tier": "auto", "prediction": {}, "cache_prompt": true, "id_slot": -1, "tools": [], "n_keep": 4"#
        #expect(try check(defaults).isEmpty)
        // What one route obeys is refused on another where it asks for something.
        #expect(try check(#""tools": []"#, on: .completions).isEmpty)
        #expect(throws: APIError.self) { try check(#""tools": [{}]"#, on: .completions) }
        #expect(throws: APIError.self) { try check(#""continue_final_message": true"#, on: .responses) }
    }

    @Test func unknownFieldsAreNamed() throws {
        #expect(try check(#""color": "red", "model": "m", "shape": null"#) == ["color"])
        #expect(try check(#""structured_outputs": {"choice": ["a"], "mood": 1}"#) == ["structured_outputs.mood"])
        let text = #"{"model": "m", "prompt": "x", "é,\n": 1, "b": 2}"#
        let limits = RequestLimits(contextLength: 64, vocabularySize: 9)
        let request = try CompletionRequest(RequestFields(Array(text.utf8)), limits, defaults: .greedy)
        #expect(request.generation.ignoredNames == "???, b")
    }

    @Test func everyFieldHasOnePlace() {
        for (name, fields) in Dictionary(grouping: KnownFields.all, by: \.name) {
            let routes = fields.flatMap { Array($0.routes) }
            #expect(Set(routes).count == routes.count, "\(name) is there twice")
            for field in fields {
                if case .obeyed = field.treatment { continue }
                #expect(!field.note.isEmpty, "\(name) says not why")
            }
        }
    }

    /// `kongur serve --print-request-fields > docs/request-fields.md` makes it.
    @Test func pageIsUpToDate() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/request-fields.md")
        #expect(try String(contentsOf: page, encoding: .utf8) == RequestFieldPage.markdown)
    }
}
