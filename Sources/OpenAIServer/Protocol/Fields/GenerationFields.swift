import InferenceEngine
import TextGeneration
import Tokenizers

/// What all requests for answers have in common: the model, how to draw, how to deliver.
struct GenerationFields: Sendable {
    /// Names of members that nobody knows; they are passed over.
    let ignored: [String]
    /// The member that says what the answer looks like; nil when none does.
    let formatMember: String?
    var model: String
    var options: GenerationOptions
    /// Answers to each prompt.
    var count: Int
    var stream: Bool
    /// Whether an answer that was given before will do.
    var usesCache: Bool
    /// Whether a stream ends with what it cost.
    var includeUsage: Bool

    init(
        _ fields: RequestFields,
        _ limits: RequestLimits,
        defaults: SamplingParameters,
        logprobs: Int?,
        _ route: CompletionEndpoint
    ) throws(APIError) {
        ignored = try KnownFields.check(fields, on: route)
        guard let model = try fields.string("model") else {
            throw .invalid("model", "'model' is missing: name the model to ask; /v1/models lists them")
        }
        self.model = model
        count = route == .responses ? 1 : try fields.int("n", in: 1...limits.choices) ?? 1
        stream = try fields.bool("stream") ?? false
        usesCache = try fields.bool("cache") ?? true
        includeUsage = false
        if let value = fields.value("stream_options") {
            guard stream else {
                throw .invalid("stream_options", "'stream_options' is for requests with 'stream': true")
            }
            includeUsage = try RequestFields(value, path: "stream_options").bool("include_usage") ?? false
        }
        _ = try fields.string("user", maxLength: 4096)
        let format = try FormatFields(fields, route)
        formatMember = format.member
        options = try Self.options(fields, limits, defaults: defaults, route)
        options.format = format.format
        if let member = format.member, options.ignoreEOS || options.minNewTokens > 0 {
            throw .invalid(member, "'\(member)' says where an answer ends: leave out 'ignore_eos' and 'min_tokens'")
        }
        options.sampling.logprobs = logprobs
    }

    private static func options(
        _ fields: RequestFields,
        _ limits: RequestLimits,
        defaults: SamplingParameters,
        _ route: CompletionEndpoint
    ) throws(APIError) -> GenerationOptions {
        let tokens = try TokenFields(fields, limits)
        var sampling = try sampling(fields, defaults)
        sampling.logitBias = tokens.logitBias
        sampling.forbiddenTokenIDs = tokens.forbiddenTokenIDs
        sampling.allowedTokenIDs = tokens.allowedTokenIDs
        let maxNewTokens = try maxNewTokens(fields, limits, route)
        let includesStop = try fields.bool("include_stop_str_in_output")
        let keepsStop = try fields.bool("no_stop_trim")
        return GenerationOptions(
            sampling: sampling,
            maxNewTokens: maxNewTokens,
            minNewTokens: try fields.int("min_tokens", in: 0...(maxNewTokens ?? limits.contextLength)) ?? 0,
            stopStrings: try fields.strings("stop", maxCount: limits.stopStrings, maxLength: limits.stopStringLength),
            includesStop: includesStop ?? keepsStop ?? false,
            skipsSpecialTokens: try fields.bool("skip_special_tokens") ?? true,
            stopTokenIDs: tokens.stopTokenIDs,
            badWords: try fields.strings("bad_words", maxCount: limits.badWords, maxLength: limits.stopStringLength),
            ignoreEOS: try fields.bool("ignore_eos") ?? false,
            priority: try fields.int("priority", in: -1000...1000) ?? 0
        )
    }

    /// The longest answer, cut to the context; nil for all that fits.
    private static func maxNewTokens(
        _ fields: RequestFields,
        _ limits: RequestLimits,
        _ route: CompletionEndpoint
    ) throws(APIError) -> Int? {
        // Of several names the last one counts.
        let names = ["n_predict", "max_new_tokens", "max_tokens", "max_completion_tokens", "max_output_tokens"]
        guard names.contains(where: { fields.object[$0] != nil }) else {
            return route == .completions ? min(16, limits.contextLength) : nil
        }
        var longest: Int?
        for name in names {
            guard let value = fields.value(name) else { continue }
            let number = try fields.int(name, in: .min ... .max)
            guard let number, number > 0 || number == -1 else {
                throw fields.wrong(name, value, "a whole number of at least 1, or -1 for as many as fit")
            }
            longest = number == -1 ? nil : min(number, limits.contextLength)
        }
        return longest
    }

    private static func sampling(
        _ fields: RequestFields,
        _ defaults: SamplingParameters
    ) throws(APIError) -> SamplingParameters {
        var sampling = defaults
        if let value = try fields.number("temperature", in: 0...2) { sampling.temperature = Float(value) }
        // OpenAI allows 0, which leaves the most probable token alone.
        if let value = try fields.number("top_p", in: 0...1) {
            sampling.topP = max(Float(value), .leastNormalMagnitude)
        }
        // -1 and 0 are off, as in vLLM.
        if let value = try fields.int("top_k", in: -1...Int(Int32.max)) { sampling.topK = value }
        if let value = try fields.number("min_p", in: 0...1) { sampling.minP = Float(value) }
        if let value = try fields.number("repetition_penalty", in: 0.01...10) {
            sampling.repetitionPenalty = Float(value)
        }
        if let value = try fields.number("presence_penalty", in: -2...2) { sampling.presencePenalty = Float(value) }
        if let value = try fields.number("frequency_penalty", in: -2...2) { sampling.frequencyPenalty = Float(value) }
        if let value = try fields.int("seed", in: .min ... .max) { sampling.seed = UInt64(bitPattern: Int64(value)) }
        return sampling
    }
}

extension GenerationFields {
    /// The ignored fields as a header tells them; nil for none.
    var ignoredNames: String? {
        guard !ignored.isEmpty else { return nil }
        let shown = ignored.prefix(16).map { name in
            String(
                name.unicodeScalars.prefix(64).map {
                    $0.isASCII && ("!"..."~").contains($0) && $0 != "," ? Character($0) : "?"
                }
            )
        }
        return shown.joined(separator: ", ") + (ignored.count > shown.count ? ", ..." : "")
    }
}
