import InferenceEngine

/// What the web page needs to know of the server: its model with what the card says of it, the presets, and how it samples
/// where a request does not say.
struct PageSettings: Encodable, Sendable {
    struct Preset: Encodable {
        var name: String
        /// The system message to send.
        var system: String
    }

    struct Sampling: Encodable {
        var temperature: Float
        var topP: Float
        /// 0 is off.
        var topK: Int
    }

    var model: String
    /// Tokens of prompt and answer, at most.
    var contextLength: Int
    var presets: [Preset]
    var sampling: Sampling
    var about: ModelCard?

    init(_ model: ServedModel) {
        self.model = model.name
        contextLength = model.limits.contextLength
        presets = SystemPreset.allCases.map { Preset(name: $0.rawValue, system: $0.text) }
        about = model.card
        let defaults = model.defaults
        sampling = Sampling(temperature: defaults.temperature, topP: defaults.topP, topK: defaults.topK ?? 0)
    }
}
