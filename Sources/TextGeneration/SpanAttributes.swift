import InferenceEngine
package import Tracing

/// What OpenTelemetry's conventions for generative AI say of a span; never what was asked or answered.
extension Span {
    /// Says what was asked for; `operation` is `chat` or `text_completion`.
    package func describe(_ operation: String, model: String, _ options: GenerationOptions, choices: Int = 1) {
        updateAttributes { attributes in
            attributes["gen_ai.operation.name"] = operation
            attributes["gen_ai.provider.name"] = "kongur"
            attributes["gen_ai.request.model"] = model
            attributes["gen_ai.request.max_tokens"] = options.maxNewTokens
            attributes["gen_ai.request.temperature"] = Double(options.sampling.temperature)
            attributes["gen_ai.request.top_p"] = Double(options.sampling.topP)
            attributes["gen_ai.request.top_k"] = options.sampling.topK
            attributes["gen_ai.request.presence_penalty"] = Double(options.sampling.presencePenalty)
            attributes["gen_ai.request.frequency_penalty"] = Double(options.sampling.frequencyPenalty)
            attributes["gen_ai.request.seed"] = options.sampling.seed.map { Int(truncatingIfNeeded: $0) }
            if choices > 1 { attributes["gen_ai.request.choice.count"] = choices }
        }
    }

    /// Says what became of it, and what it cost: `promptTokens` once, the answers together.
    package func describe(_ results: [GenerationResult], promptTokens: Int, cachedTokens: Int) {
        let firstTokens = results.compactMap(\.timings.timeToFirstToken)
        updateAttributes { attributes in
            attributes["gen_ai.usage.input_tokens"] = promptTokens
            attributes["gen_ai.usage.cache_read.input_tokens"] = cachedTokens
            attributes["gen_ai.usage.output_tokens"] = results.reduce(0) { $0 + $1.usage.completionTokens }
            attributes["gen_ai.response.finish_reasons"] = results.map(\.finishReason.rawValue)
            attributes["gen_ai.response.time_to_first_chunk"] = firstTokens.min().map { $0 / .seconds(1) }
        }
    }
}
