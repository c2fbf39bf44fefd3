package import InferenceEngine
package import TextGeneration

/// The model that a server answers with.
package struct ServedModel: Sendable {
    /// What clients call it; the first is what answers call it.
    package var names: [String]
    package var generator: TextGenerator
    /// How to sample where a request does not say.
    package var defaults: SamplingParameters
    /// Seconds since 1970 at which it was loaded.
    package var created: Int
    /// What its card says; nil for a model without one.
    package var card: ModelCard?
    /// A hash of all that its answers depend on besides the request.
    package var digest: String
    /// Where it came from, as whoever started the server named it.
    package var path = ""
    /// What `config.json` says of its kind.
    package var architecture = ModelArchitecture()

    package init(
        names: [String],
        generator: TextGenerator,
        defaults: SamplingParameters,
        created: Int,
        card: ModelCard? = nil,
        digest: String
    ) {
        precondition(!names.isEmpty)
        self.names = names
        self.generator = generator
        self.defaults = defaults
        self.created = created
        self.card = card
        self.digest = digest
    }

    var name: String { names[0] }
    var engine: EngineGroup { generator.engine }

    /// What requests are held against.
    var limits: RequestLimits {
        RequestLimits(contextLength: generator.contextLength, vocabularySize: engine.vocabularySize)
    }

    /// Throws a 404 when a request names another model.
    func check(_ name: String) throws(APIError) {
        if !names.contains(name) { throw .modelNotFound(name) }
    }
}

/// What a checkpoint's `config.json` says of the kind of its model.
package struct ModelArchitecture: Sendable, Decodable {
    /// Such as `qwen2`.
    package var modelType: String?
    /// Such as `Qwen2ForCausalLM`.
    package var architectures: [String]?

    private enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case architectures
    }

    package init() {}
}

/// The numbers that bound what one request may ask for.
struct RequestLimits: Sendable {
    var contextLength: Int
    var vocabularySize: Int
    /// Answers to one request, over all of its prompts.
    var choices = 64
    var messages = 4096
    var stopStrings = 16
    var stopStringLength = 1024
    /// Tokens that are named one by one, such as those of `logit_bias`.
    var namedTokens = 1024
    var badWords = 128
}
