import InferenceEngine
import Tokenizers

/// The events of one answer: the engine's tokens through detokenizer, stop strings, reasoning and calls of tools.
///
/// Pulled by the consumer; what it does not read waits in the engine's stream. An actor because the stream around it may
/// be shared by tasks.
actor TextEventSequence {
    private let generator: TextGenerator
    private let prompt: PreparedPrompt
    private let requestID: UInt64
    private let tokens: AsyncStream<TokenEvent>

    private var detokenizer: AnswerDetokenizer
    private var stopStrings: StopStringFilter
    private var splitter: ReasoningSplitter
    private var calls: ToolCallParser?

    private var text = ""
    /// Unicode scalars of the text, what stop strings hold back included.
    private var textLength = 0
    private let includesStop: Bool
    private var tokenIDs: [Int] = []
    private var reasoningTokens = 0
    /// Events that are ready, last one first.
    private var ready: [TextEvent] = []
    private var isFinished = false

    /// Throws what `TextGenerator.constraint` throws.
    init(
        _ generator: TextGenerator,
        _ prompt: PreparedPrompt,
        _ options: GenerationOptions
    ) throws(TextGenerationError) {
        self.generator = generator
        self.prompt = prompt
        detokenizer = AnswerDetokenizer(generator.tokenizer, skipsSpecial: options.skipsSpecialTokens)
        stopStrings = StopStringFilter(options.stopStrings, keepsFound: options.includesStop)
        includesStop = options.includesStop
        splitter = generator.splitter(prompt, options)
        let isHeldToCalls = options.format?.isToolCalls ?? false
        calls = options.tools.map { ToolCallParser($0, isHeldToCalls: isHeldToCalls) }
        var request = generator.request(prompt, options)
        request.constraint = try generator.constraint(request, prompt, options)
        requestID = request.id
        tokens = generator.engine.submit(request)
    }

    /// The next event, or nil after the last.
    ///
    /// Throws the engine's error, and `CancellationError` when the task was cancelled.
    func next() async throws -> TextEvent? {
        while ready.isEmpty, !isFinished {
            // A stream's iterators share its place, so each event may have its own.
            var iterator = tokens.makeAsyncIterator()
            guard let event = await iterator.next(isolation: self) else { throw CancellationError() }
            var events: [TextEvent] = []
            switch event {
            case .token(let token): append(token, &events)
            case .finished(let summary): finish(summary, &events)
            case .failed(let error):
                isFinished = true
                throw error
            }
            ready = events.reversed()
        }
        return ready.popLast()
    }

    /// Whether the answer has ended although the model may go on.
    private var isCutOff: Bool { stopStrings.found != nil || calls?.isFinished == true }

    private func append(_ token: GeneratedToken, _ events: inout [TextEvent]) {
        // Tokens that were drawn before the engine heard of the end are not part of the answer.
        guard !isCutOff else { return }
        tokenIDs.append(token.id)
        if token.isStop, !includesStop { return }
        let wasReasoning = splitter.isReasoning
        let piece = detokenizer.append(token.id)
        pass(stopStrings.append(piece), &events)
        if token.isStop { return }
        let isReasoning = wasReasoning || splitter.isReasoning
        if isReasoning { reasoningTokens += 1 }
        if let logprobs = token.logprobs {
            events.append(.logprobs(describe(token.id, logprobs, isReasoning)))
            textLength += piece.unicodeScalars.count
        }
        if isCutOff { generator.engine.cancel(requestID) }
    }

    private func pass(_ piece: String, _ events: inout [TextEvent]) {
        text += piece
        pass(splitter.append(piece), &events)
    }

    private func pass(_ pieces: [ReasoningSplitter.Piece], _ events: inout [TextEvent]) {
        for piece in pieces {
            switch piece {
            case .reasoning(let text): events.append(.reasoning(text))
            case .answer(let text): events += calls?.append(text).map(TextEvent.init) ?? [.answer(text)]
            }
        }
    }

    private func finish(_ summary: GenerationSummary, _ events: inout [TextEvent]) {
        isFinished = true
        if !isCutOff {
            pass(stopStrings.append(detokenizer.finish()), &events)
            if stopStrings.found == nil { pass(stopStrings.finish(), &events) }
        }
        pass(splitter.finish(), &events)
        events += calls?.finish().map(TextEvent.init) ?? []
        let usage = TokenUsage(
            promptTokens: summary.promptTokens,
            cachedTokens: summary.cachedTokens,
            completionTokens: tokenIDs.count,
            reasoningTokens: reasoningTokens,
            draftTokens: summary.draftTokens,
            acceptedTokens: summary.acceptedTokens
        )
        let parsed = calls
        events.append(
            .finished(
                GenerationResult(
                    text: text,
                    reasoning: splitter.reasoning,
                    answer: parsed?.text ?? splitter.answer,
                    // What is cut short calls nothing.
                    toolCalls: parsed?.calls.filter(\.isComplete) ?? [],
                    tokenIDs: tokenIDs,
                    finishReason: isCutOff ? .stop : summary.finishReason,
                    stopString: stopStrings.found,
                    usage: usage,
                    timings: GenerationTimings(summary.timings, usage),
                    promptIsMostlyChinese: prompt.isMostlyChinese
                )
            )
        )
    }

    private func describe(_ id: Int, _ logprobs: TokenLogprobs, _ isReasoning: Bool) -> TokenTextLogprobs {
        func entry(_ id: Int, _ logprob: Float) -> TokenTextLogprobs.Entry {
            TokenTextLogprobs.Entry(id: id, bytes: generator.tokenizer.bytes(of: id) ?? [], logprob: logprob)
        }
        return TokenTextLogprobs(
            drawn: entry(id, logprobs.logprob),
            top: logprobs.top.map { entry($0.id, $0.logprob) },
            isReasoning: isReasoning,
            offset: textLength
        )
    }
}

extension TextEvent {
    fileprivate init(_ piece: ToolCallParser.Piece) {
        self =
            switch piece {
            case .text(let text): .answer(text)
            case .call(let index, let name): .toolCall(index: index, name: name)
            case .arguments(let index, let text): .toolArguments(index: index, text)
            }
    }
}
