import FoundationEssentials

/// One event of a streamed answer, of the first choice.
package struct AnswerChunk: Sendable, Hashable {
    /// What the model thinks, where the server tells it apart.
    package var reasoning = ""
    /// What it answers.
    package var text = ""
    /// Why the answer ended, with its last piece.
    package var finishReason: String?
    /// What the answer took, where the server says so.
    package var usage: Usage?
    /// How fast the server wrote it, where it says so as llama.cpp and Kongur do.
    package var tokensPerSecond: Double?
    /// Whether there was a choice or a usage in it at all.
    var hasContent: Bool

    package struct Usage: Sendable, Hashable {
        package var promptTokens: Int
        package var completionTokens: Int
        /// Tokens of the prompt that were in the server's cache.
        package var cachedTokens: Int

        package init(promptTokens: Int, completionTokens: Int, cachedTokens: Int) {
            self.promptTokens = promptTokens
            self.completionTokens = completionTokens
            self.cachedTokens = cachedTokens
        }
    }

    /// Reads an event's data.
    ///
    /// Throws for what is no JSON of this form.
    init(json data: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let object = try decoder.decode(Object.self, from: Data(data))
        hasContent = object.choices?.isEmpty == false || object.usage != nil
        for choice in object.choices ?? [] where (choice.index ?? 0) == 0 {
            text += choice.delta?.content ?? choice.text ?? ""
            // Servers use one name or the other, and some both.
            reasoning += choice.delta?.reasoningContent ?? choice.delta?.reasoning ?? ""
            finishReason = choice.finishReason ?? finishReason
        }
        tokensPerSecond = object.timings?.predictedPerSecond
        guard let prompt = object.usage?.promptTokens, let completion = object.usage?.completionTokens else { return }
        usage = Usage(
            promptTokens: prompt,
            completionTokens: completion,
            cachedTokens: object.usage?.promptTokensDetails?.cachedTokens ?? 0
        )
    }

    private struct Object: Decodable {
        var choices: [Choice]?
        var usage: UsageFields?
        var timings: Timings?
    }

    /// Other servers may mean something else by the name.
    private struct Timings: Decodable {
        var predictedPerSecond: Double?

        private enum CodingKeys: CodingKey { case predictedPerSecond }

        init(from decoder: any Decoder) {
            predictedPerSecond = try? decoder.container(keyedBy: CodingKeys.self)
                .decode(Double.self, forKey: .predictedPerSecond)
        }
    }

    private struct Choice: Decodable {
        var index: Int?
        var delta: Delta?
        var text: String?
        var finishReason: String?
    }

    private struct Delta: Decodable {
        var content: String?
        var reasoningContent: String?
        var reasoning: String?
    }

    private struct UsageFields: Decodable {
        struct Details: Decodable {
            var cachedTokens: Int?
        }

        var promptTokens: Int?
        var completionTokens: Int?
        var promptTokensDetails: Details?
    }
}
