import DeviceRuntime
import Evaluation
import Kongur
import Tokenizers

/// The text that a quantisation is measured on or calibrated with, as the command line names it.
struct QuantizationText {
    /// Problems of a task, and tokens of each answer to them.
    private static let (problems, answerTokens) = (16, 256)
    /// Tokens of a text, and of each piece of it.
    private static let (tokens, pieceTokens) = (2048, 512)

    /// A text file; a task in JSON lines, to whose problems the model with its stored weights gives the answers that are
    /// judged; or, for nil, a sample of mathematics and code.
    static func read(_ path: String?, for compilation: ModelCompilation, on device: any Device) throws -> JudgedText {
        let tokenizer = try Tokenizer.load(directory: compilation.source.folder)
        guard let path else { return try pieces(JudgedText.sample, tokenizer, compilation) }
        guard path.hasSuffix(".jsonl") || path.hasSuffix(".json") else {
            return try pieces(InputFile.readText(path), tokenizer, compilation)
        }
        let task: JSONLTask
        do {
            task = try JSONLTask(path: path, limit: problems)
        } catch {
            throw KongurError(.invalidInput, error.description, cause: error)
        }
        let template = try ChatTemplate.load(directory: compilation.source.folder)
        let prompts = try task.samples.map { sample in
            guard let template else { return tokenizer.encode(sample.prompt, addSpecialTokens: true) }
            let message = ChatMessage(role: "user", content: sample.prompt)
            return tokenizer.encode(try template.prompt(messages: [message]))
        }
        let exact = try compilation.exact()
        let longest = min((prompts.map(\.count).max() ?? 0) + answerTokens, exact.contextLength)
        let run = try LogitsRun(exact, device: device, tokenCount: longest)
        return JudgedText(
            try prompts.filter { !$0.isEmpty && $0.count < longest }.map { prompt in
                let answered = try run.greedyContinuation(of: prompt, count: answerTokens)
                return JudgedText.Sequence(answered, promptCount: prompt.count)
            }
        )
    }

    private static func pieces(_ text: String, _ tokenizer: Tokenizer, _ compilation: ModelCompilation) throws
        -> JudgedText
    {
        let length = min(pieceTokens, compilation.contextLength)
        return try JudgedText(text, tokenizer: tokenizer, length: length, limit: tokens)
    }
}
