import InferenceEngine
import TextGeneration
import Tokenizers

/// What all requests for answers have in common: the model, how to draw, how to deliver.
struct GenerationFields: Sendable {
    /// OpenAI's interfaces call some of it by other names.
    enum Interface: Sendable {
        case completions
        case responses

        /// What the form of the answer is called.
        var format: String {
            switch self {
            case .completions: "response_format"
            case .responses: "text.format"
            }
        }
    }

    let interface: Interface
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
        _ interface: Interface = .completions
    ) throws(APIError) {
        self.interface = interface
        guard let model = try fields.string("model") else {
            throw .invalid("model", "'model' is missing: name the model to ask; /v1/models lists them")
        }
        self.model = model
        count = interface == .completions ? try fields.int("n", in: 1...limits.choices) ?? 1 : 1
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
        options = try Self.options(fields, limits, defaults: defaults, interface)
        options.format = try Self.format(fields, interface)
        if options.format != nil, options.ignoreEOS || options.minNewTokens > 0 {
            throw .invalid(
                interface.format,
                "'\(interface.format)' says where an answer ends: leave out 'ignore_eos' and 'min_tokens'"
            )
        }
        options.sampling.logprobs = logprobs
    }

    private static func options(
        _ fields: RequestFields,
        _ limits: RequestLimits,
        defaults: SamplingParameters,
        _ interface: Interface
    ) throws(APIError) -> GenerationOptions {
        var maxNewTokens: Int?
        // Of several names the last one counts.
        for name in interface == .completions ? ["max_tokens", "max_completion_tokens"] : ["max_output_tokens"] {
            maxNewTokens = try fields.int(name, in: 1...limits.contextLength) ?? maxNewTokens
        }
        return GenerationOptions(
            sampling: try sampling(fields, limits, defaults),
            maxNewTokens: maxNewTokens,
            minNewTokens: try fields.int("min_tokens", in: 0...(maxNewTokens ?? limits.contextLength)) ?? 0,
            stopStrings: try stopStrings(fields, limits),
            ignoreEOS: try fields.bool("ignore_eos") ?? false,
            priority: try fields.int("priority", in: -1000...1000) ?? 0
        )
    }

    /// What the form of the answer is to be: text, any JSON object, or JSON by a schema.
    private static func format(
        _ fields: RequestFields,
        _ interface: Interface
    ) throws(APIError) -> TextGeneration.AnswerFormat? {
        var value = fields.value("response_format")
        if interface == .responses {
            value = try fields.value("text").map { text throws(APIError) in try RequestFields(text, path: "text") }?
                .value("format")
        }
        guard let value else { return nil }
        let format = try RequestFields(value, path: interface.format)
        switch try format.string("type") {
        case "text": return nil
        case "json_object": return .jsonObject
        case "json_schema":
            var named = format
            if interface == .completions {
                guard let description = format.value("json_schema") else {
                    throw .invalid(format.name("json_schema"), "'\(format.name("json_schema"))' is missing")
                }
                named = try RequestFields(description, path: format.name("json_schema"))
            }
            guard let schema = named.value("schema") else {
                throw .invalid(named.name("schema"), "'\(named.name("schema"))' is missing")
            }
            return .jsonSchema(schema)
        default:
            throw .invalid(format.name("type"), "'\(format.name("type"))' must be text, json_object or json_schema")
        }
    }

    private static func sampling(
        _ fields: RequestFields,
        _ limits: RequestLimits,
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
        sampling.logitBias = try logitBias(fields, limits)
        return sampling
    }

    private static func logitBias(_ fields: RequestFields, _ limits: RequestLimits) throws(APIError) -> [Int: Float] {
        guard let value = fields.value("logit_bias") else { return [:] }
        guard let object = value.object else {
            throw fields.wrong("logit_bias", value, "an object from token ids to biases")
        }
        guard object.count <= limits.logitBiases else {
            throw .invalid("logit_bias", "'logit_bias' has \(object.count) tokens; \(limits.logitBiases) are allowed")
        }
        var biases: [Int: Float] = [:]
        for (key, bias) in zip(object.keys, object.values) {
            guard let id = Int(key), (0..<limits.vocabularySize).contains(id) else {
                throw .invalid(
                    "logit_bias",
                    "'logit_bias' names '\(key.escaped(limit: 32))', which is no token id below \(limits.vocabularySize)"
                )
            }
            biases[id] = Float(try RequestFields.number(bias, in: -100...100, name: "logit_bias"))
        }
        return biases
    }

    private static func stopStrings(_ fields: RequestFields, _ limits: RequestLimits) throws(APIError) -> [String] {
        guard let value = fields.value("stop") else { return [] }
        if value.string == nil, value.array == nil {
            throw fields.wrong("stop", value, "a string or a list of strings")
        }
        let elements = value.string != nil ? [value] : try fields.array("stop", maxCount: limits.stopStrings) ?? []
        var strings: [String] = []
        for element in elements {
            guard let text = element.string else {
                throw fields.wrong("stop", element, "a string or a list of strings")
            }
            guard !text.isEmpty, text.utf8.count <= limits.stopStringLength else {
                throw .invalid(
                    "stop",
                    "a stop string has 1 to \(limits.stopStringLength) bytes; this one has \(text.utf8.count)"
                )
            }
            strings.append(text)
        }
        return strings
    }
}
