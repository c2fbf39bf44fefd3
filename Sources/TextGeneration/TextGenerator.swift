package import InferenceEngine
package import MemoryAccounting
package import Tokenizers

/// Answers prompts with text: template, tokenizer, engine, and back.
///
/// A value that is cheap to copy; the command line, the HTTP service and evaluation share one engine through it.
package struct TextGenerator: Sendable {
    package let tokenizer: Tokenizer
    /// Nil for a model without one, which takes text and tokens alone.
    package let template: ChatTemplate?
    package let engine: EngineGroup
    /// What requests draw their memory from, grammars among them.
    package let memory: MemoryLedger
    /// A system message for conversations that bring none.
    package var system: String?
    /// Whether the model is to think where options do not say.
    package var reasoning = ReasoningMode.automatic
    /// Whether the template or the vocabulary know the tags around thinking.
    package let knowsThinking: Bool
    /// Variables of the chat template where a prompt does not set them, such as `enable_thinking`.
    package var templateVariables = JSONObject()
    /// Whether a message that spells a control token, such as `<|im_end|>`, writes one.
    ///
    /// It is text otherwise, so that nobody who is quoted can begin or end a turn.
    package var allowsSpecialTokens = false
    private let formats: FormatCompiler

    package init(
        tokenizer: Tokenizer,
        template: ChatTemplate?,
        engine: EngineGroup,
        memory: MemoryLedger = MemoryLedger(byteCount: 64 << 20),
        system: String? = nil
    ) {
        self.tokenizer = tokenizer
        self.template = template
        self.engine = engine
        self.memory = memory
        self.system = system
        let tags = [ReasoningSplitter.openingTag, ReasoningSplitter.closingTag]
        knowsThinking = tags.contains { template?.mentions($0) == true || tokenizer.id(of: $0) != nil }
        formats = FormatCompiler(tokenizer, memory: memory)
    }

    /// The most tokens that a prompt and its answer may have together.
    package var contextLength: Int { engine.limits.maxSequenceLength }

    /// Turns a prompt into tokens.
    ///
    /// In a conversation the chat template alone writes control tokens; in a text they count as such, wherever they stand.
    /// Throws `.emptyPrompt`, `.noChatTemplate`, or `.templateFailed` with the template's own reason.
    package func prepare(_ prompt: Prompt) throws(TextGenerationError) -> PreparedPrompt {
        let text: String
        let tokenIDs: [Int]
        let asked: String
        var opening: ReasoningSplitter.Opening?
        switch prompt {
        case .text(let raw):
            (text, tokenIDs, asked) = (raw, raw.isEmpty ? [] : tokenizer.encode(raw, addSpecialTokens: true), raw)
        case .chat(let messages, let tools, let variables, let ending):
            let prompt = try render(messages, tools, variables, ending)
            text = prompt.text
            if ending == .finalMessage {
                opening = ReasoningSplitter.opening(continuing: messages.last?.content ?? "", after: text)
            }
            tokenIDs = allowsSpecialTokens ? tokenizer.encode(text) : Self.encode(prompt, tokenizer)
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
            opening: opening ?? ReasoningSplitter.opening(after: text)
        )
    }

    /// The tokens of a rendered conversation, whose template alone writes control tokens.
    package static func encode(_ prompt: MarkedText, _ tokenizer: Tokenizer) -> [Int] {
        tokenizer.encode(prompt, answerTags: AnswerTag.all)
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

    /// Throws what the engine would refuse in the stream of `generate` before its first event; `prepareFormats` looks at formats.
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
        var sampling = options.sampling
        for word in options.badWords {
            sampling.badWords += Set([word, " " + word].map { tokenizer.encode($0, allowSpecial: false) })
        }
        return GenerationRequest(
            promptTokenIDs: prompt.tokenIDs,
            sampling: sampling,
            maxNewTokens: options.maxNewTokens,
            minNewTokens: options.minNewTokens,
            stopTokenIDs: stopTokenIDs,
            ignoreEOS: options.ignoreEOS,
            account: options.account,
            priority: options.priority,
            cacheSalt: options.cacheSalt
        )
    }

    /// Compiles the format that an answer is to have, for `generate` to find while somebody holds it; none without a format.
    ///
    /// Throws what `constraint` throws, and `.ended` soon after `isEnded` returns true. Cost: bounded, a fraction of a
    /// second for the worst schema.
    package func prepareFormats(
        _ prompt: PreparedPrompt,
        _ options: GenerationOptions,
        isEnded: @escaping @Sendable () -> Bool = { false }
    ) throws(TextGenerationError) -> [PreparedFormat] {
        try checkThinkingBudget(prompt, options)
        guard let format = options.format else { return [] }
        _ = try stopTokenIDs(request(prompt, options), options)
        return try formats.prepare(
            format,
            opening(prompt, options),
            offersThinking: offer(options),
            isEnded: isEnded
        )
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
        let opening = opening(prompt, options)
        guard let budget = budget(options), opening != .answer else { return format }
        try checkThinkingBudget(prompt, options)
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

    private func checkThinkingBudget(
        _ prompt: PreparedPrompt,
        _ options: GenerationOptions
    ) throws(TextGenerationError) {
        guard let budget = budget(options), opening(prompt, options) != .answer else { return }
        guard budget >= 0 else {
            throw TextGenerationError(
                .invalidThinkingBudget,
                "the thinking budget is \(budget) tokens; it must not be negative"
            )
        }
    }

    /// Tells thinking from answer as the options want it.
    func splitter(_ prompt: PreparedPrompt, _ options: GenerationOptions) -> ReasoningSplitter {
        ReasoningSplitter(opening(prompt, options), isCautious: !knowsThinking && mode(options) != .on)
    }

    /// The most tokens of thinking; nil for as many as the model wants.
    private func budget(_ options: GenerationOptions) -> Int? {
        mode(options) == .off ? 0 : options.thinkingBudget
    }

    private func offer(_ options: GenerationOptions) -> FormatCompiler.ThinkingOffer {
        mode(options) == .on ? .always : .whereWanted(isKnown: knowsThinking)
    }

    private func mode(_ options: GenerationOptions) -> ReasoningMode { options.reasoning ?? reasoning }

    /// How an answer begins, as far as its prompt and its options say.
    private func opening(_ prompt: PreparedPrompt, _ options: GenerationOptions) -> ReasoningSplitter.Opening {
        guard options.splitsReasoning else { return .answer }
        // What begins with something else anyway need not be told to leave thinking out.
        return options.format != nil && mode(options) == .off && prompt.opening == .undecided ? .answer : prompt.opening
    }

    private func formatConstraint(
        _ request: GenerationRequest,
        _ prompt: PreparedPrompt,
        _ options: GenerationOptions
    ) throws(TextGenerationError) -> FormatConstraint? {
        guard let format = options.format else { return nil }
        let stops = try stopTokenIDs(request, options)
        return try formats.constraint(
            format,
            opening(prompt, options),
            offersThinking: offer(options),
            stopTokenIDs: stops,
            chosenStopIDs: options.stopTokenIDs.subtracting(ownStopTokenIDs(request))
        )
    }

    /// The tokens that end an answer with a format.
    ///
    /// Throws `.invalidFormat` where none can.
    private func stopTokenIDs(
        _ request: GenerationRequest,
        _ options: GenerationOptions
    ) throws(TextGenerationError) -> Set<Int> {
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
        return stops
    }

    /// The stop tokens that nobody asked for: the model's and the tokenizer's.
    private func ownStopTokenIDs(_ request: GenerationRequest) -> Set<Int> {
        var request = request
        request.stopTokenIDs = tokenizer.endOfTextID.map { [$0] } ?? []
        return engine.stopTokenIDs(request)
    }

    private func render(
        _ messages: [ChatMessage],
        _ tools: [JSONValue]?,
        _ variables: JSONObject,
        _ ending: Prompt.Ending
    ) throws(TextGenerationError) -> MarkedText {
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
        let mark = ending == .finalMessage ? try Self.markEnd(of: &messages) : nil
        let text: MarkedText
        do {
            text = try template.prompt(
                messages: messages,
                tools: tools,
                addGenerationPrompt: ending == .generationPrompt,
                variables: templateVariables.merging(variables)
            )
        } catch {
            throw TextGenerationError(
                .templateFailed,
                "the model's chat template cannot use these messages: \(error.message)",
                cause: error
            )
        }
        guard let mark else { return text }
        guard let before = text.before(mark) else {
            throw TextGenerationError(
                .noFinalMessage,
                "the model's chat template does not write the last message, so it cannot be continued"
            )
        }
        return before
    }

    /// Marks where the last message ends, to cut off what a template writes behind it.
    private static func markEnd(of messages: inout [ChatMessage]) throws(TextGenerationError) -> String {
        guard let last = messages.indices.last, messages[last].role == "assistant", messages[last].toolCalls.isEmpty
        else {
            throw TextGenerationError(
                .noFinalMessage,
                "the last message cannot be continued: it must be the assistant's, without tool calls"
            )
        }
        let mark = "\u{2}\(UInt64.random(in: .min ... .max))\u{3}"
        messages[last].content = (messages[last].content ?? "") + mark
        return mark
    }
}

extension ChatMessage {
    /// Whether there is nothing in it to answer.
    fileprivate var isEmpty: Bool {
        toolCalls.isEmpty && (content ?? "").allSatisfy(\.isWhitespace)
    }
}
