/// How the next token is drawn from the logits; `Sampler` documents the order in which these apply.
package struct SamplingParameters: Sendable, Hashable {
    /// 0 is greedy: the largest logit, the lowest id among equals.
    package var temperature: Float
    /// Keeps the k most probable tokens; nil, 0 or negative is off.
    package var topK: Int?
    /// Keeps the most probable tokens that together reach this probability; 1 is off.
    package var topP: Float
    /// Keeps tokens at least this probable, relative to the most probable one; 0 is off.
    package var minP: Float
    /// Divides positive and multiplies negative logits of tokens in the prompt or the answer; 1 is off.
    package var repetitionPenalty: Float
    /// Subtracted once from the logit of each token in the answer.
    package var presencePenalty: Float
    /// Subtracted from a token's logit for each time it is in the answer.
    package var frequencyPenalty: Float
    /// Added to the logits of tokens by id.
    package var logitBias: [Int: Float]
    /// Tokens that are never drawn.
    package var forbiddenTokenIDs: Set<Int>
    /// The only tokens that are drawn; nil allows all.
    package var allowedTokenIDs: Set<Int>?
    /// Sequences of tokens that are never drawn one after the other.
    package var badWords: [[Int]]
    /// The same seed draws the same tokens, whatever else the engine is doing; nil takes a random one.
    package var seed: UInt64?
    /// Reports the drawn token's log-probability and this many of the most probable ones; nil reports none.
    package var logprobs: Int?

    package static let maxLogprobs = 20

    package init(
        temperature: Float = 1,
        topK: Int? = nil,
        topP: Float = 1,
        minP: Float = 0,
        repetitionPenalty: Float = 1,
        presencePenalty: Float = 0,
        frequencyPenalty: Float = 0,
        logitBias: [Int: Float] = [:],
        forbiddenTokenIDs: Set<Int> = [],
        allowedTokenIDs: Set<Int>? = nil,
        badWords: [[Int]] = [],
        seed: UInt64? = nil,
        logprobs: Int? = nil
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.logitBias = logitBias
        self.forbiddenTokenIDs = forbiddenTokenIDs
        self.allowedTokenIDs = allowedTokenIDs
        self.badWords = badWords
        self.seed = seed
        self.logprobs = logprobs
    }

    package static let greedy = SamplingParameters(temperature: 0)

    /// Throws `.invalidRequest` naming the first parameter that is out of its range.
    package func validate(vocabularySize: Int) throws(EngineError) {
        try require(temperature.isFinite && temperature >= 0, "temperature", temperature, "a number of at least 0")
        try require(topP > 0 && topP <= 1, "top_p", topP, "above 0 and at most 1")
        try require(minP >= 0 && minP <= 1, "min_p", minP, "between 0 and 1")
        try require(
            repetitionPenalty.isFinite && repetitionPenalty > 0,
            "repetition_penalty",
            repetitionPenalty,
            "a number above 0"
        )
        try require(abs(presencePenalty) <= 2, "presence_penalty", presencePenalty, "between -2 and 2")
        try require(abs(frequencyPenalty) <= 2, "frequency_penalty", frequencyPenalty, "between -2 and 2")
        let named = [
            ("logit_bias", Array(logitBias.keys)), ("the forbidden tokens", Array(forbiddenTokenIDs)),
            ("the allowed tokens", Array(allowedTokenIDs ?? [])), ("the bad words", Array(badWords.joined())),
        ]
        for (label, ids) in named {
            for id in ids where !(0..<vocabularySize).contains(id) {
                throw EngineError(
                    .invalidRequest,
                    "\(label): token \(id) is not in the vocabulary of \(vocabularySize) tokens"
                )
            }
        }
        for (id, bias) in logitBias {
            try require(abs(bias) <= 100, "logit_bias of token \(id)", bias, "between -100 and 100")
        }
        if let logprobs, !(0...Self.maxLogprobs).contains(logprobs) {
            throw EngineError(.invalidRequest, "logprobs is \(logprobs); it must be between 0 and \(Self.maxLogprobs)")
        }
    }

    /// NaN fails every comparison, so the conditions above refuse it.
    private func require(_ holds: Bool, _ label: String, _ value: Float, _ range: String) throws(EngineError) {
        if !holds { throw EngineError(.invalidRequest, "\(label) is \(value); it must be \(range)") }
    }

    /// The k of top-k when it is on.
    var effectiveTopK: Int? {
        topK.flatMap { $0 > 0 ? $0 : nil }
    }

    var hasPenalties: Bool {
        repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0
    }
}
