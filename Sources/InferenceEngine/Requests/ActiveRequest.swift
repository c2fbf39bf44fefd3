/// What the engine keeps of a request that it works on; the scheduler keeps the rest.
struct ActiveRequest: Sendable {
    /// Tells requests apart that reuse an id.
    typealias Key = UInt64

    let request: GenerationRequest
    let key: Key
    let continuation: AsyncStream<TokenEvent>.Continuation
    let seed: UInt64
    private(set) var generatedCount = 0
    private(set) var history: TokenHistory
    private(set) var badWords: BadWords
    /// The bits of the only tokens that may be drawn; nil allows all.
    let allowedTokens: [UInt64]?
    /// The tokens that may come next where the answer must have a form; nil also while a worker has it.
    var mask: TokenMask?
    /// Whether a worker has the mask.
    var isMaskAway = false
    let submitted: ContinuousClock.Instant
    var scheduled: ContinuousClock.Instant?
    private var firstToken: ContinuousClock.Instant?
    private var lastToken: ContinuousClock.Instant?

    init(_ request: GenerationRequest, _ continuation: AsyncStream<TokenEvent>.Continuation) {
        self.request = request
        self.continuation = continuation
        key = .random(in: .min ... .max)
        seed = request.sampling.seed ?? .random(in: .min ... .max)
        mask = request.constraint.map(TokenMask.init)
        history = TokenHistory(promptTokenIDs: request.sampling.hasPenalties ? request.promptTokenIDs : [])
        badWords = BadWords(request.sampling.badWords)
        allowedTokens = request.sampling.allowedTokenIDs.map { [UInt64](bits: $0) }
        submitted = request.resumption?.submitted ?? .now
        firstToken = request.resumption?.firstToken
        lastToken = request.resumption?.lastToken
    }

    /// Takes in what another engine has given of the answer.
    ///
    /// Throws `.noAllowedToken` when the constraint does not know its own answer again.
    mutating func resume() throws(EngineError) {
        for token in request.resumption?.tokenIDs ?? [] { try append(token) }
    }

    /// Throws `.noAllowedToken` when the constraint cannot go on with the token.
    mutating func append(_ token: Int) throws(EngineError) {
        try mask?.advance(token)
        generatedCount += 1
        if request.sampling.hasPenalties { history.append(token) }
        badWords.append(token)
    }

    /// Notes that a token was drawn, and gives back when the one before it was.
    mutating func delivered(_ instant: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        defer { lastToken = instant }
        if firstToken == nil { firstToken = instant }
        return lastToken
    }

    func summary(_ end: SequenceEnd, finished: ContinuousClock.Instant) -> GenerationSummary {
        GenerationSummary(
            finishReason: end.reason,
            promptTokens: end.promptTokens,
            cachedTokens: end.cachedTokens,
            generatedTokens: end.generatedTokens,
            preemptions: end.preemptions,
            draftTokens: end.draftTokens,
            acceptedTokens: end.acceptedTokens,
            timings: RequestTimings(
                submitted: submitted,
                scheduled: scheduled,
                firstToken: firstToken,
                finished: finished
            )
        )
    }
}
