package import InferenceEngine
package import Tokenizers

/// Answers prompts with text: template, tokenizer, engine, and back.
///
/// A value that is cheap to copy; the command line, the HTTP service and evaluation share one engine through it.
package struct TextGenerator: Sendable {
    package let tokenizer: Tokenizer
    /// Nil for a model without one, which takes text and tokens alone.
    package let template: ChatTemplate?
    package let engine: EngineGroup
    /// A system message for conversations that bring none.
    package var system: String?
    /// How much text is held back while it is open whether the model is thinking; see `ReasoningSplitter`.
    package var preambleLimit: Int
    private let formats: FormatCompiler

    package init(
        tokenizer: Tokenizer,
        template: ChatTemplate?,
        engine: EngineGroup,
        system: String? = nil,
        preambleLimit: Int = 256
    ) {
        self.tokenizer = tokenizer
        self.template = template
        self.engine = engine
        self.system = system
        self.preambleLimit = preambleLimit
        formats = FormatCompiler(tokenizer)
    }

    /// The most tokens that a prompt and its answer may have together.
    package var contextLength: Int { engine.limits.maxSequenceLength }

    /// Turns a prompt into tokens.
    ///
    /// Throws `.emptyPrompt`, `.noChatTemplate`, or `.templateFailed` with the template's own reason.
    package func prepare(_ prompt: Prompt) throws(TextGenerationError) -> PreparedPrompt {
        let text: String
        let tokenIDs: [Int]
        let asked: String
        switch prompt {
        case .text(let raw):
            (text, tokenIDs, asked) = (raw, raw.isEmpty ? [] : tokenizer.encode(raw, addSpecialTokens: true), raw)
        case .chat(let messages, let tools, let variables):
            text = try render(messages, tools, variables)
            tokenIDs = tokenizer.encode(text)
            asked = messages.last { $0.role == "user" }?.content ?? ""
        case .tokenIDs(let ids):
            (text, tokenIDs) = (tokenizer.decode(ids, skipSpecial: false), ids)
            asked = tokenizer.decode(ids)
        }
        guard !tokenIDs.isEmpty else {
            throw TextGenerationError(.emptyPrompt, "the prompt is empty: give the model something to answer")
        }
        return PreparedPrompt(
            tokenIDs: tokenIDs,
            text: text,
            isMostlyChinese: PromptLanguage.isMostlyChinese(asked),
            opening: ReasoningSplitter.opening(after: text)
        )
    }

    /// Answers a prompt; events come as they happen, `finished` last.
    ///
    /// The stream throws `TextGenerationError` for a prompt that is no prompt and for a format that is none, and
    /// `EngineError` for a prompt that the engine refuses or cannot finish. Ending the iteration, or cancelling its task,
    /// cancels the request.
    package func generate(
        _ prompt: Prompt,
        _ options: GenerationOptions = GenerationOptions()
    ) -> AsyncThrowingStream<TextEvent, any Error> {
        do {
            return try generate(prepare(prompt), options)
        } catch {
            return AsyncThrowingStream { throw error }
        }
    }

    /// Answers a prompt that is prepared already.
    package func generate(
        _ prompt: PreparedPrompt,
        _ options: GenerationOptions = GenerationOptions()
    ) -> AsyncThrowingStream<TextEvent, any Error> {
        guard options.stopStrings.allSatisfy({ !$0.isEmpty }) else {
            let error = TextGenerationError(.invalidStopString, "a stop string is empty: leave it out")
            return AsyncThrowingStream { throw error }
        }
        do {
            let events = try TextEventSequence(self, prompt, options)
            return AsyncThrowingStream { try await events.next() }
        } catch {
            return AsyncThrowingStream { throw error }
        }
    }

    /// Answers a prompt and returns when the answer is complete.
    ///
    /// Throws what the stream of `generate` throws.
    package func answer(
        _ prompt: Prompt,
        _ options: GenerationOptions = GenerationOptions()
    ) async throws -> GenerationResult {
        for try await event in generate(prompt, options) {
            if case .finished(let result) = event { return result }
        }
        throw CancellationError()
    }

    /// Throws what the engine would refuse in the stream of `generate` before its first event; `checkFormat` looks at formats.
    package func check(_ prompt: PreparedPrompt, _ options: GenerationOptions) throws(EngineError) {
        try engine.check(request(prompt, options))
    }

    /// Computes a prompt so that answers to it find it in the cache, and returns how many of its tokens were there before.
    ///
    /// Throws the engine's error, and `CancellationError` when the task was cancelled.
    package func prefill(_ prompt: PreparedPrompt, _ options: GenerationOptions) async throws -> Int {
        var request = request(prompt, options)
        request.sampling = .greedy
        request.maxNewTokens = 1
        request.minNewTokens = 0
        for await event in engine.submit(request) {
            switch event {
            case .token: continue
            case .finished(let summary): return summary.cachedTokens
            case .failed(let error): throw error
            }
        }
        throw CancellationError()
    }

    /// What the engine is asked.
    func request(_ prompt: PreparedPrompt, _ options: GenerationOptions) -> GenerationRequest {
        var stopTokenIDs = options.stopTokenIDs
        if let end = tokenizer.endOfTextID, !options.ignoreEOS { stopTokenIDs.insert(end) }
        return GenerationRequest(
            promptTokenIDs: prompt.tokenIDs,
            sampling: options.sampling,
            maxNewTokens: options.maxNewTokens,
            minNewTokens: options.minNewTokens,
            stopTokenIDs: stopTokenIDs,
            ignoreEOS: options.ignoreEOS,
            priority: options.priority,
            cacheSalt: options.cacheSalt
        )
    }

    /// Throws what `constraint` throws; a sound format is compiled then, and kept.
    ///
    /// Cost: what compiling costs, which is bounded; the first one for a tokenizer reads its vocabulary.
    package func checkFormat(_ prompt: PreparedPrompt, _ options: GenerationOptions) throws(TextGenerationError) {
        _ = try constraint(request(prompt, options), prompt, options)
    }

    /// What holds an answer to its format and its thinking to its budget; nil when neither is asked for.
    ///
    /// Throws `.invalidFormat` for a format that no answer can be held to, and `.invalidThinkingBudget`.
    func constraint(
        _ request: GenerationRequest,
        _ prompt: PreparedPrompt,
        _ options: GenerationOptions
    ) throws(TextGenerationError) -> (any TokenConstraint)? {
        let format = try formatConstraint(request, prompt, options)
        guard let budget = options.thinkingBudget, options.splitsReasoning, prompt.opening != .answer else {
            return format
        }
        guard budget >= 0 else {
            throw TextGenerationError(
                .invalidThinkingBudget,
                "the thinking budget is \(budget) tokens; it must not be negative"
            )
        }
        return ThinkingConstraint(
            budget: budget,
            room: min(options.maxNewTokens ?? .max, contextLength - prompt.tokenIDs.count),
            tokenizer,
            splitter(prompt, options),
            format: format,
            answer: formats.answer(stopTokenIDs: engine.stopTokenIDs(request)),
            vocabularySize: engine.vocabularySize
        )
    }

    /// Tells thinking from answer as the options want it.
    func splitter(_ prompt: PreparedPrompt, _ options: GenerationOptions) -> ReasoningSplitter {
        ReasoningSplitter(
            options.splitsReasoning ? prompt.opening : .answer,
            preambleLimit: preambleLimit,
            allowsPreamble: options.format == nil
        )
    }

    private func formatConstraint(
        _ request: GenerationRequest,
        _ prompt: PreparedPrompt,
        _ options: GenerationOptions
    ) throws(TextGenerationError) -> FormatConstraint? {
        guard let format = options.format else { return nil }
        guard !options.ignoreEOS, options.minNewTokens == 0 else {
            throw TextGenerationError(
                .invalidFormat,
                "an answer with a format ends where the format does: leave out ignoreEOS and minNewTokens"
            )
        }
        let stops = engine.stopTokenIDs(request)
        guard !stops.isEmpty else {
            throw TextGenerationError(
                .invalidFormat,
                "an answer with a format needs a stop token, and the model has none"
            )
        }
        return try formats.constraint(format, options.splitsReasoning ? prompt.opening : .answer, stopTokenIDs: stops)
    }

    private func render(
        _ messages: [ChatMessage],
        _ tools: [JSONValue]?,
        _ variables: JSONObject
    ) throws(TextGenerationError) -> String {
        guard messages.contains(where: { !$0.isEmpty }) else {
            throw TextGenerationError(.emptyPrompt, "the conversation is empty: give at least one message with content")
        }
        guard let template else {
            throw TextGenerationError(
                .noChatTemplate,
                "the model has no chat template: give the prompt as text, or add chat_template.jinja to the model"
            )
        }
        var messages = messages
        if let system, !["system", "developer"].contains(messages.first?.role) {
            messages.insert(ChatMessage(role: "system", content: system), at: 0)
        }
        do {
            return try template.render(messages: messages, tools: tools, variables: variables)
        } catch {
            throw TextGenerationError(
                .templateFailed,
                "the model's chat template cannot use these messages: \(error.message)",
                cause: error
            )
        }
    }
}

extension ChatMessage {
    /// Whether there is nothing in it to answer.
    fileprivate var isEmpty: Bool {
        toolCalls.isEmpty && (content ?? "").allSatisfy(\.isWhitespace)
    }
}
