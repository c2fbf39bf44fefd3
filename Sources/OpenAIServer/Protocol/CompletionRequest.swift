import InferenceEngine
import TextGeneration
import Tokenizers

/// The body of `/v1/completions`.
struct CompletionRequest: Sendable {
    var generation: GenerationFields
    /// Texts or tokens to continue.
    var prompts: [Prompt]

    /// OpenAI's limit.
    private static let maxLogprobs = 5

    init(_ fields: RequestFields, _ limits: RequestLimits, defaults: SamplingParameters) throws(APIError) {
        generation = try GenerationFields(
            fields,
            limits,
            defaults: defaults,
            logprobs: try fields.int("logprobs", in: 0...Self.maxLogprobs),
            .completions
        )
        // What is to be continued is text: tags in it mean nothing.
        generation.options.splitsReasoning = false
        if let best = try fields.int("best_of", in: 1...limits.choices), best != generation.count {
            throw .invalid("best_of", "'best_of' is \(best); it must be what 'n' is", code: "unsupported_parameter")
        }
        prompts = try Self.prompts(fields, limits)
        guard prompts.count * generation.count <= limits.choices else {
            throw .invalid(
                "n",
                "\(prompts.count) prompts with 'n': \(generation.count) are more than \(limits.choices) answers"
            )
        }
    }

    private static func prompts(_ fields: RequestFields, _ limits: RequestLimits) throws(APIError) -> [Prompt] {
        let expected = "a string, a list of strings, a list of token ids, or a list of lists of token ids"
        guard let value = fields.value("prompt") else {
            throw .invalid("prompt", "'prompt' is missing: it is \(expected)")
        }
        if let text = value.string { return [.text(text)] }
        guard let elements = value.array, let first = elements.first else {
            throw fields.wrong("prompt", value, expected)
        }
        if first.int != nil { return [.tokenIDs(try tokenIDs(elements, limits))] }
        guard elements.count <= limits.choices else {
            throw .invalid("prompt", "'prompt' has \(elements.count) prompts; \(limits.choices) are allowed")
        }
        var prompts: [Prompt] = []
        for element in elements {
            if let text = element.string {
                prompts.append(.text(text))
            } else if let ids = element.array {
                prompts.append(.tokenIDs(try tokenIDs(ids, limits)))
            } else {
                throw fields.wrong("prompt", element, expected)
            }
        }
        return prompts
    }

    /// Token ids of the vocabulary; `TextGenerator` counts on that.
    static func tokenIDs(
        _ elements: [JSONValue],
        _ limits: RequestLimits,
        name: String = "prompt"
    ) throws(APIError) -> [Int] {
        var ids: [Int] = []
        ids.reserveCapacity(elements.count)
        for element in elements {
            guard let id = element.int, (0..<limits.vocabularySize).contains(id) else {
                throw RequestFields.wrong(name, element, "a list of token ids below \(limits.vocabularySize)")
            }
            ids.append(id)
        }
        return ids
    }
}
