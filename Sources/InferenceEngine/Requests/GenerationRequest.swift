/// One prompt to continue.
package struct GenerationRequest: Sendable, Identifiable {
    /// Unique among the requests that an engine works on.
    package var id: UInt64
    package var promptTokenIDs: [Int]
    package var sampling: SamplingParameters
    /// What the answer must look like, at its beginning; nil is free.
    ///
    /// Stop tokens are for it to allow, and `minNewTokens` takes them away again.
    package var constraint: (any TokenConstraint)?
    /// The longest answer in tokens; nil continues to the end of the context.
    package var maxNewTokens: Int?
    /// The shortest answer in tokens: until then no stop token can be drawn.
    package var minNewTokens: Int
    /// Tokens that end the answer, besides the model's own.
    package var stopTokenIDs: Set<Int>
    /// Goes on after the model's own stop tokens (never after `stopTokenIDs`).
    package var ignoreEOS: Bool
    /// Whose it is.
    package var account: Account
    /// Higher goes first; equal ones of an account in the order in which they came.
    package var priority: Int
    /// The priority of work that may wait for as long as there is other work.
    package static let backgroundPriority = -1_000_000
    package var isBackground: Bool { priority <= Self.backgroundPriority }
    /// Cache blocks are shared only between requests with the same salt.
    ///
    /// One salt for each client keeps a client from learning, by timing, what another one has asked.
    package var cacheSalt: String?
    /// What another engine has given of the answer already; this one goes on behind it.
    var resumption: Resumption?

    package init(
        id: UInt64 = .random(in: .min ... .max),
        promptTokenIDs: [Int],
        sampling: SamplingParameters = SamplingParameters(),
        constraint: (any TokenConstraint)? = nil,
        maxNewTokens: Int? = nil,
        minNewTokens: Int = 0,
        stopTokenIDs: Set<Int> = [],
        ignoreEOS: Bool = false,
        account: Account = .anonymous,
        priority: Int = 0,
        cacheSalt: String? = nil
    ) {
        self.id = id
        self.promptTokenIDs = promptTokenIDs
        self.sampling = sampling
        self.constraint = constraint
        self.maxNewTokens = maxNewTokens
        self.minNewTokens = minNewTokens
        self.stopTokenIDs = stopTokenIDs
        self.ignoreEOS = ignoreEOS
        self.account = account
        self.priority = priority
        self.cacheSalt = cacheSalt
    }

    /// Throws `.invalidRequest` for an empty prompt, a token id outside the vocabulary, or a parameter out of range.
    package func validate(vocabularySize: Int) throws(EngineError) {
        if promptTokenIDs.isEmpty {
            throw EngineError(.invalidRequest, "the prompt is empty: give at least one token")
        }
        for id in promptTokenIDs where !(0..<vocabularySize).contains(id) {
            throw EngineError(
                .invalidRequest,
                "prompt token \(id) is not in the vocabulary of \(vocabularySize) tokens: use the model's own tokenizer"
            )
        }
        if let maxNewTokens, maxNewTokens < 1 {
            throw EngineError(.invalidRequest, "the longest answer is \(maxNewTokens) tokens; it must be at least 1")
        }
        if minNewTokens < 0 || minNewTokens > maxNewTokens ?? .max {
            throw EngineError(
                .invalidRequest,
                "the shortest answer is \(minNewTokens) tokens; it must be between 0 and the longest answer"
            )
        }
        try sampling.validate(vocabularySize: vocabularySize)
    }
}
