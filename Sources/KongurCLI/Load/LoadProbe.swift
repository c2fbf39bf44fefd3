import Kongur
import OpenAIClient

/// Finds out what a server understands, before it is measured.
struct LoadProbe {
    let client: ModelServerClient
    let isChat: Bool

    /// The most that the server takes of what `request` asks: not every one knows `ignore_eos` and `stream_options`.
    ///
    /// Throws what the server says when it takes none of it.
    func supported(_ request: AnswerRequest) async throws -> AnswerRequest {
        var refusal: (any Error)?
        for (ignoresEnd, includesUsage) in [(true, true), (false, true), (true, false)] {
            var attempt = request
            attempt.ignoreEOS = ignoresEnd ? true : nil
            attempt.includesUsage = includesUsage
            do {
                _ = try await promptTokens(attempt, RandomPrompts.vocabulary[0])
                return attempt
            } catch let error as OpenAIClientError where error.status == 400 || error.status == 422 {
                refusal = refusal ?? error
            }
        }
        var least = request
        least.includesUsage = false
        do {
            _ = try await promptTokens(least, RandomPrompts.vocabulary[0])
            return least
        } catch {
            // It was something else that the server does not like, and what it said first is about that.
            throw refusal ?? error
        }
    }

    /// How many tokens words are, as the server counts; nil for one that counts none.
    func tokenCost(_ request: AnswerRequest) async throws -> RandomPrompts.TokenCost? {
        // Every word once gives their mean exactly.
        let all = RandomPrompts.vocabulary
        guard let one = try await promptTokens(request, all[0]),
            let many = try await promptTokens(request, all.joined(separator: " "))
        else { return nil }
        return RandomPrompts.TokenCost(short: (1, one), long: (all.count, many))
    }

    private func promptTokens(_ request: AnswerRequest, _ text: String) async throws -> Int? {
        var request = request
        request.input = isChat ? .messages([.init(role: "user", content: text)]) : .prompt(text)
        request.maxTokens = 1
        var tokens: Int?
        for try await chunk in try await client.stream(request) { tokens = chunk.usage?.promptTokens ?? tokens }
        return tokens
    }
}
