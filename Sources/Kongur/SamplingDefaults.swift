package import InferenceEngine
import TextGeneration
import Tokenizers

/// How a model's authors suggest to sample; kept with the compiled model.
package struct SamplingDefaults: Codable, Sendable, Hashable {
    /// 0 when the authors do not suggest sampling.
    package var temperature = 0.0
    package var topP: Double?
    package var topK: Int?
    package var repetitionPenalty: Double?
    /// The longest answer in tokens.
    package var maxNewTokens: Int?

    package init() {}

    /// What the metadata of an exported model says (see `CheckpointExporter`).
    ///
    /// Without `do_sample`, transformers is greedy whatever the temperature says.
    package init(metadata: [String: String]) {
        repetitionPenalty = metadata["repetition_penalty"].flatMap(Double.init)
        maxNewTokens = metadata["max_new_tokens"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        guard metadata["do_sample"] == "true" else { return }
        temperature = metadata["temperature"].flatMap(Double.init) ?? 1
        topP = metadata["top_p"].flatMap(Double.init)
        topK = metadata["top_k"].flatMap { Int($0) }
    }
}

extension SamplingDefaults {
    /// The first number that is out of its range, with the range; nil when there is none.
    var fault: String? {
        let least = Double(Float.leastNormalMagnitude)
        let numbers: [(String, Double?, ClosedRange<Double>)] = [
            ("temperature", temperature, 0...1e6), ("topP", topP, least...1),
            ("topK", topK.map(Double.init), -1...0x1p31),
            ("repetitionPenalty", repetitionPenalty, least...1e6),
            ("maxNewTokens", maxNewTokens.map(Double.init), 1...0x1p31),
        ]
        for (name, value, range) in numbers {
            if let value, !range.contains(value) { return "'\(name)' is \(value), not in \(range)" }
        }
        return nil
    }

    /// As the engine takes them.
    package var sampling: SamplingParameters {
        SamplingParameters(
            temperature: Float(temperature),
            topK: topK,
            topP: Float(topP ?? 1),
            repetitionPenalty: Float(repetitionPenalty ?? 1)
        )
    }
}

extension GenerationOptions {
    /// Throws `.invalidInput` for a schema that is no JSON.
    init(_ parameters: GenerationParameters, _ defaults: SamplingDefaults) throws(KongurError) {
        self.init(
            sampling: SamplingParameters(
                temperature: Float(parameters.temperature ?? defaults.temperature),
                topK: parameters.topK ?? defaults.topK,
                topP: Float(parameters.topP ?? defaults.topP ?? 1),
                minP: Float(parameters.minP ?? 0),
                repetitionPenalty: Float(parameters.repetitionPenalty ?? defaults.repetitionPenalty ?? 1),
                presencePenalty: Float(parameters.presencePenalty),
                frequencyPenalty: Float(parameters.frequencyPenalty),
                logitBias: parameters.logitBias.mapValues { Float($0) },
                seed: parameters.seed
            ),
            maxNewTokens: parameters.maxNewTokens,
            stopStrings: parameters.stop,
            ignoreEOS: parameters.ignoreEOS,
            format: try parameters.format.map { (format) throws(KongurError) in try .init(format) },
            thinkingBudget: parameters.thinkingBudget,
            reasoning: parameters.reasoning.map { $0 ? .on : .off }
        )
    }
}

extension TextGeneration.AnswerFormat {
    fileprivate init(_ format: AnswerFormat) throws(KongurError) {
        switch format {
        case .jsonObject: self = .jsonObject
        case .jsonSchema(let text):
            do {
                self = .jsonSchema(try JSONValue(parsing: text, name: "the schema of the answer"))
            } catch {
                throw KongurError(.invalidInput, error.message, cause: error)
            }
        }
    }
}
