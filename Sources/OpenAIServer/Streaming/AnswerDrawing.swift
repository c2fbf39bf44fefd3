import InferenceEngine
import TextGeneration

/// The answers to one request, drawn side by side.
struct AnswerDrawing: Sendable {
    var generator: TextGenerator
    /// Each with its answers, numbered one after the other.
    var prompts: [PreparedPrompt]
    /// Answers to each prompt.
    var count: Int
    var options: GenerationOptions
    /// What was compiled for the answers, held until they are drawn.
    var formats: [PreparedFormat] = []

    var choices: Int { prompts.count * count }

    /// Draws all answers, hands over what happens, and returns the tokens that were drawn for one answer on average.
    ///
    /// Throws what the engine throws, and `CancellationError` when the task was cancelled.
    func draw(_ handle: @escaping @Sendable (RunEvent) -> Void) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, prompt) in prompts.enumerated() {
                group.addTask {
                    if count > 1 {
                        // What the answers share is computed once, before they part.
                        let cached = try await generator.prefill(prompt, options)
                        handle(.prefilled(cachedTokens: cached))
                    }
                    return try await drawAnswers(prompt, first: index * count, handle)
                }
            }
            return try await group.reduce(0, +) / choices
        }
    }

    private func drawAnswers(
        _ prompt: PreparedPrompt,
        first: Int,
        _ handle: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<count {
                var options = options
                // One seed gives different answers, and the first of them is the one that it gives alone.
                options.sampling.seed = options.sampling.seed.map { $0 &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15 }
                let events = generator.generate(prompt, options)
                group.addTask {
                    var drawnTokens = 0
                    for try await event in events {
                        if case .finished(let result) = event { drawnTokens = result.usage.completionTokens }
                        handle(.answer(choice: first + index, event))
                    }
                    try Task.checkCancellation()
                    return drawnTokens
                }
            }
            return try await group.reduce(0, +)
        }
    }
}
