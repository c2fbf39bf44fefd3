import Tokenizers

extension KnownFields {
    // MARK: What the answer looks like

    static let formats: [[RequestField]] = [
        obeyed(
            "response_format",
            of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi],
            on: older,
            "text, json_object (with a schema, too), json_schema, or regex with a value."
        ),
        obeyed("text", of: [.openAI], on: [.responses]),
        obeyed("text.format", of: [.openAI], on: [.responses], "As response_format."),
        refused(
            "verbosity",
            "text.verbosity",
            of: [.openAI],
            unless: ["medium"],
            "say in a message how long the answer should be"
        ),
        obeyed("guided_json", "json_schema", of: [.vLLM, .llamaCpp, .sgLang], "A JSON schema, or one as a string."),
        obeyed("guided_regex", "regex", of: [.vLLM, .sgLang], "A regular expression that the whole answer matches."),
        obeyed("guided_choice", of: [.vLLM], "The answer is one of these texts."),
        obeyed("structured_outputs", of: [.vLLM]),
        obeyed(
            "structured_outputs.json",
            "structured_outputs.regex",
            "structured_outputs.choice",
            "structured_outputs.json_object",
            of: [.vLLM]
        ),
        refused(
            "structured_outputs.grammar",
            "guided_grammar",
            "grammar",
            "ebnf",
            of: [.vLLM, .llamaCpp, .sgLang, .tgi],
            unless: [""],
            "grammars in GBNF, EBNF or Lark are not read: give a JSON schema, a regular expression or a choice"
        ),
        refused(
            "structured_outputs.structural_tag",
            "structural_tag",
            of: [.vLLM, .sgLang],
            unless: [""],
            "give a JSON schema, a regular expression or tools"
        ),
        refused(
            "structured_outputs.whitespace_pattern",
            "guided_whitespace_pattern",
            of: [.vLLM],
            "the white space of JSON is bounded, and fixed"
        ),
        refused(
            "structured_outputs.disable_any_whitespace",
            "structured_outputs.disable_additional_properties",
            of: [.vLLM],
            unless: [false],
            "say in the schema what is allowed"
        ),
        accepted(
            "structured_outputs.disable_fallback",
            "guided_decoding_backend",
            of: [.vLLM],
            "There is one way to hold answers."
        ),
        refused("grammar_lazy", of: [.llamaCpp], unless: [false], "give tools or a JSON schema"),
        refused("grammar_triggers", "preserved_tokens", of: [.llamaCpp], unless: [[]], "give tools or a JSON schema"),
    ]

    static let tools: [[RequestField]] = [
        obeyed("tools", "tool_choice", of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi], on: conversations),
        obeyed("parallel_tool_calls", of: [.openAI, .vLLM, .llamaCpp, .sgLang], on: conversations),
        refused("functions", of: [.openAI], unless: [[]], "the older form of 'tools': give those"),
        refused(
            "function_call",
            of: [.openAI],
            unless: ["none", "auto"],
            "the older form of 'tool_choice': give that"
        ),
        refused("parse_tool_calls", of: [.llamaCpp], unless: [true], "leave 'tools' out, and calls are text"),
        accepted("max_tool_calls", of: [.openAI], "It counts calls of tools that a server has; this one has none."),
    ]

    // MARK: Thinking

    static let reasoning: [[RequestField]] = [
        obeyed(
            "reasoning_effort",
            of: [.openAI, .vLLM, .sgLang],
            on: conversations,
            "A budget of thinking; none is no thinking."
        ),
        obeyed(
            "reasoning",
            of: [.openAI, .kongur],
            on: conversations,
            "auto, on or off as --reasoning; or an object with effort, max_tokens, enabled or exclude."
        ),
        obeyed("thinking_token_budget", "include_reasoning", of: [.vLLM, .kongur], on: conversations),
        obeyed(
            "thinking_budget",
            "thinking_budget_tokens",
            of: [.modelStudio, .llamaCpp],
            on: conversations,
            "Other names of thinking_token_budget."
        ),
        obeyed(
            "thinking",
            of: [.deepSeek],
            on: conversations,
            "An object: type is enabled or disabled, and budget_tokens another name of thinking_token_budget."
        ),
        obeyed(
            "separate_reasoning",
            "reasoning_format",
            of: [.sgLang, .llamaCpp],
            on: conversations,
            "false or none: thinking is part of the answer, tags included."
        ),
        refused(
            "stream_reasoning",
            of: [.sgLang],
            unless: [true],
            "set 'include_reasoning' to false to leave thinking out"
        ),
        refused(
            "reasoning_in_content",
            "thinking_forced_open",
            of: [.llamaCpp],
            unless: [false],
            "set 'reasoning_format'"
        ),
    ]

    // MARK: How it is delivered

    static let delivery: [[RequestField]] = [
        obeyed("stream", "stream_options", of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi]),
        obeyed("stream_options.include_usage", of: [.openAI, .vLLM, .sgLang, .tgi]),
        accepted(
            "stream_options.include_obfuscation",
            "stream_options.continuous_usage_stats",
            of: [.openAI, .vLLM],
            "The last event has the usage."
        ),
        obeyed("logprobs", of: [.openAI, .vLLM, .sgLang, .tgi], on: older),
        obeyed("top_logprobs", of: [.openAI, .vLLM, .sgLang, .tgi], on: conversations),
        obeyed(
            "include",
            of: [.openAI],
            on: [.responses],
            "message.output_text.logprobs; there is nothing else to include."
        ),
        refused(
            "prompt_logprobs",
            "logprob_token_ids",
            of: [.vLLM],
            unless: [[]],
            "log-probabilities are of the answer alone"
        ),
        refused("n_probs", of: [.llamaCpp], unless: [0], "set 'logprobs'"),
        refused("post_sampling_probs", of: [.llamaCpp], unless: [false], "set 'logprobs'"),
        refused("top_n_tokens", "decoder_input_details", of: [.tgi], unless: [0, false], "set 'logprobs'"),
        refused("detokenize", of: [.vLLM], unless: [true], "answers are text; /tokenize gives tokens"),
        refused(
            "return_tokens_as_token_ids",
            "return_token_ids",
            "return_tokens",
            "return_prompt_token_ids",
            of: [.vLLM, .llamaCpp, .sgLang],
            unless: [false],
            "answers are text; /tokenize gives tokens"
        ),
        refused(
            "return_hidden_states",
            "return_routed_experts",
            of: [.sgLang],
            unless: [false],
            "answers are text alone"
        ),
        refused("background", of: [.openAI], unless: [false], "this server answers while the client waits"),
        accepted("store", of: [.openAI], "Nothing is stored."),
        obeyed("priority", of: [.vLLM, .sgLang], "Higher goes first; above 0 it needs an admin's key."),
        obeyed("cache", of: [.kongur], "false: the answer is computed, also if it was given before."),
    ]

    static let others: [[RequestField]] = [
        accepted(
            "user",
            "metadata",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "service_tier",
            of: [.openAI],
            "Notes of the client, and hints for billing."
        ),
        accepted("prediction", of: [.openAI], "A hint for speed; tokens are guessed without it."),
        accepted(
            "request_id",
            "rid",
            "cache_salt",
            "extra_key",
            "session_id",
            "custom_labels",
            of: [.vLLM, .sgLang],
            "The holder of a key shares cached prompts with nobody."
        ),
        accepted(
            "id_slot",
            "cache_prompt",
            "n_cache_reuse",
            "timings_per_token",
            "return_progress",
            "response_fields",
            "backend_sampling",
            "chat_format",
            "generation_prompt",
            of: [.llamaCpp],
            "About how that server works."
        ),
        accepted(
            "return_cached_tokens_details",
            "return_meta_info",
            "routed_experts_start_len",
            "ngram_corpus_id",
            "routed_dp_rank",
            "data_parallel_rank",
            "disagg_prefill_dp_rank",
            "details",
            of: [.sgLang, .tgi],
            "About how that server works."
        ),
        refused(
            "kv_transfer_params",
            "bootstrap_host",
            "bootstrap_port",
            "bootstrap_room",
            of: [.vLLM, .sgLang],
            unless: [[:]],
            "this server computes prompts and answers itself"
        ),
    ]
}
