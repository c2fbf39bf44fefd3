import Tokenizers

extension KnownFields {
    static let prompts: [[RequestField]] = [
        obeyed("model", of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi]),
        obeyed("messages", of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi], on: [.chat]),
        obeyed(
            "prompt",
            of: [.openAI, .vLLM, .llamaCpp, .sgLang, .tgi],
            on: [.completions],
            "Text or token ids, one or several."
        ),
        refused("prompt", of: [.openAI], on: [.responses], "there are no stored prompts: send the whole input"),
        obeyed("input", "instructions", of: [.openAI, .vLLM, .sgLang], on: [.responses]),
        obeyed(
            "continue_final_message",
            of: [.vLLM, .sgLang],
            on: [.chat],
            "The answer goes on with the last message, which must be the assistant's; only what is new is returned."
        ),
        obeyed("add_generation_prompt", of: [.vLLM, .llamaCpp], on: [.chat]),
        obeyed(
            "chat_template_kwargs",
            of: [.vLLM, .llamaCpp, .sgLang],
            on: conversations,
            "Its members are variables of the model's chat template."
        ),
        obeyed("enable_thinking", of: [.modelStudio], on: conversations, "As in chat_template_kwargs."),
        refused(
            "add_special_tokens",
            of: [.vLLM],
            on: conversations,
            unless: [false],
            "the chat template writes the special tokens"
        ),
        refused(
            "add_special_tokens",
            of: [.vLLM],
            on: [.completions],
            unless: [true],
            "to leave special tokens out, send token ids as 'prompt'"
        ),
        refused("chat_template", of: [.vLLM, .llamaCpp], "only the model's own chat template is used"),
        refused("documents", of: [.vLLM], unless: [[]], "put the documents in a message"),
        refused("previous_response_id", "conversation", of: [.openAI], "nothing is stored here: send the whole input"),
        refused("context_management", of: [.openAI], unless: [[]], "send the part of the conversation that counts"),
        refused("suffix", of: [.openAI, .vLLM, .tgi], unless: [""], "this server does not fill in between texts"),
        refused(
            "input_prefix",
            "input_suffix",
            of: [.llamaCpp],
            unless: [""],
            "this server does not fill in between texts"
        ),
        refused("input_extra", of: [.llamaCpp], unless: [[]], "this server does not fill in between texts"),
        refused("echo", of: [.openAI, .vLLM, .sgLang], unless: [false], "this server does not repeat prompts"),
        refused("return_full_text", of: [.tgi], unless: [false], "this server does not repeat prompts"),
        refused("truncate_prompt_tokens", "truncate", of: [.vLLM, .tgi], "shorten the prompt: it is never cut"),
        refused("input_ids", "prompt_embeds", of: [.vLLM, .sgLang], "send token ids as 'prompt' of /v1/completions"),
        refused("tool_prompt", "guideline", of: [.tgi], "say it in a message"),
        refused("task", of: [.sgLang], "say it in a message"),
        refused("audio", of: [.openAI], "this server answers in text alone"),
        refused("modalities", of: [.openAI], unless: [["text"], []], "this server answers in text alone"),
        refused(
            "mm_processor_kwargs",
            "media_io_kwargs",
            "images_config",
            of: [.vLLM, .sgLang],
            unless: [[:]],
            "this model reads text alone"
        ),
        refused("max_dynamic_patch", "min_dynamic_patch", of: [.sgLang], "this model reads text alone"),
        refused("use_audio_in_video", of: [.sgLang], unless: [false], "this model reads text alone"),
        refused("web_search_options", of: [.openAI], "this server searches nothing"),
        accepted(
            "truncation",
            "truncation_side",
            of: [.openAI, .vLLM],
            "A prompt that does not fit is a 400; nothing is cut."
        ),
    ]
}
