import Tokenizers

extension KnownFields {
    // MARK: How long

    static let lengths: [[RequestField]] = [
        obeyed(
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "n_predict",
            "max_new_tokens",
            of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi],
            "Cut to what fits in the context; -1 and null are all of it. Of several, the last one in this list counts. Without one, /v1/completions writes 16 tokens, and conversations go on to the end of the context."
        ),
        obeyed("min_tokens", "ignore_eos", of: [.vLLM, .sgLang, .llamaCpp]),
        obeyed("stop", of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi]),
        obeyed("stop_token_ids", of: [.vLLM, .sgLang], "Token ids that end the answer."),
        obeyed(
            "include_stop_str_in_output",
            "no_stop_trim",
            of: [.vLLM, .sgLang],
            "What ended the answer is part of it: a stop string, or the text of a stop token."
        ),
        obeyed("skip_special_tokens", of: [.vLLM, .sgLang], "false: special tokens are text of the answer."),
        accepted("spaces_between_special_tokens", of: [.vLLM], "There are none."),
        refused("stop_regex", of: [.sgLang], unless: [[], ""], "give the texts as 'stop'"),
        refused("t_max_predict_ms", of: [.llamaCpp], unless: [0, -1], "set 'max_tokens'"),
        accepted("n_keep", "n_discard", of: [.llamaCpp], "The context is never shifted."),
        refused("n_indent", of: [.llamaCpp], unless: [0], "ask for the form in the prompt"),
    ]

    // MARK: How tokens are drawn

    static let sampling: [[RequestField]] = [
        obeyed("temperature", "top_p", "seed", of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi]),
        obeyed("presence_penalty", "frequency_penalty", of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi]),
        obeyed("top_k", "min_p", of: [.vLLM, .llamaCpp, .sgLang]),
        obeyed("repetition_penalty", of: [.vLLM, .sgLang, .tgi]),
        obeyed(
            "logit_bias",
            of: [.openAI, .vLLM, .llamaCpp, .sgLang],
            "By token id; llama.cpp's list of pairs, and false for never, are understood, too."
        ),
        obeyed(
            "allowed_token_ids",
            of: [.vLLM],
            "No other tokens are drawn; a stop token must be among them to be one."
        ),
        obeyed(
            "bad_words",
            of: [.vLLM],
            "The tokens that the tokenizer makes of a word, alone or behind a blank, are never drawn one after the other."
        ),
        obeyed("n", of: [.openAI, .vLLM, .llamaCpp, .sgLang], on: older),
        obeyed("best_of", of: [.openAI, .vLLM, .sgLang], on: older, "Must be what 'n' is."),
        refused("n", of: [.openAI], on: [.responses], unless: [1], "/v1/responses gives one answer"),
        refused("n_cmpl", of: [.llamaCpp], unless: [1], "set 'n'"),
        refused("use_beam_search", "early_stopping", of: [.vLLM], unless: [false], "answers are drawn token by token"),
        refused("length_penalty", of: [.vLLM], unless: [1], "answers are drawn token by token"),
        refused("do_sample", of: [.tgi], "set 'temperature'; 0 takes the most probable token"),
        refused("typical_p", of: [.llamaCpp, .tgi], unless: [1], "set 'top_p' or 'min_p'"),
        refused("top_n_sigma", of: [.llamaCpp], unless: [-1, 0], "set 'top_p' or 'min_p'"),
        refused("xtc_probability", of: [.llamaCpp], unless: [0], "this server draws without it"),
        refused("mirostat", of: [.llamaCpp], unless: [0], "set 'top_p' or 'min_p'"),
        refused("dynatemp_range", of: [.llamaCpp], unless: [0], "set 'temperature'"),
        refused("dry_multiplier", of: [.llamaCpp], unless: [0], "set 'repetition_penalty' or 'frequency_penalty'"),
        refused("repeat_penalty", of: [.llamaCpp], unless: [1], "set 'repetition_penalty', which looks at all tokens"),
        refused("adaptive_target", of: [.llamaCpp], unless: [-1], "this server draws without it"),
        accepted(
            "xtc_threshold",
            "mirostat_tau",
            "mirostat_eta",
            "dynatemp_exponent",
            "dry_base",
            "dry_allowed_length",
            "dry_penalty_last_n",
            "dry_sequence_breakers",
            "repeat_last_n",
            "adaptive_decay",
            of: [.llamaCpp],
            "Says how; the field that turns it on is refused."
        ),
        refused("samplers", of: [.llamaCpp], unless: [[]], "the order is fixed"),
        refused("min_keep", of: [.llamaCpp], unless: [0, 1], "set 'top_k'"),
        refused("watermark", of: [.tgi], unless: [false], "this server does not mark its answers"),
        refused("logits_processors", of: [.vLLM], unless: [[]], "set 'logit_bias' or a format"),
        refused(
            "custom_logit_processor",
            "custom_params",
            of: [.sgLang],
            unless: [[:], ""],
            "set 'logit_bias' or a format"
        ),
        refused("vllm_xargs", of: [.vLLM], unless: [[:]], "there are no extensions here"),
        refused("repetition_detection", of: [.vLLM], unless: [[:]], "set 'repetition_penalty'"),
        refused("lora", of: [.llamaCpp], unless: [[]], "there are no adapters here"),
        refused("lora_path", "adapter_id", of: [.sgLang, .tgi], unless: [""], "there are no adapters here"),
        refused("session_params", of: [.sgLang], unless: [[:]], "send the whole conversation"),
    ]
}
