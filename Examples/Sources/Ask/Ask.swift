import Foundation
import Kongur

/// Asks a model in the three ways that the library has: a whole answer, an answer as it comes, and a conversation.
///
///     Ask                      the bundled model
///     Ask path/to/checkpoint   another one
@main
struct Ask {
    /// The longest answer is bounded, so that a model that does not come to an end keeps nobody waiting.
    static let parameters = GenerationParameters(maxNewTokens: 512, temperature: 0)

    static func main() async {
        do {
            let model = try await LanguageModel.load(CommandLine.arguments.dropFirst().first)
            try await wholeAnswer(of: model)
            try await answerAsItComes(from: model)
            try await conversation(with: model)
        } catch let error as KongurError {
            // The message says what is wrong and what to do; the code is for programs.
            FileHandle.standardError.write(Data("Ask: \(error.message)\n".utf8))
            exit(error.code == .invalidInput ? 2 : 1)
        } catch {
            FileHandle.standardError.write(Data("Ask: \(error)\n".utf8))
            exit(1)
        }
    }

    /// With the loading above, the two lines that a program needs.
    static func wholeAnswer(of model: LanguageModel) async throws {
        print("A whole answer: what is 17 * 23?")
        let result = try await model.answer("What is 17 * 23?", parameters)
        print(result.answer)
        print("(\(result.usage.reasoningTokens) of \(result.usage.completionTokens) tokens were thinking)\n")
    }

    /// Thinking and answer are different events, so a program may show, fold or drop the thinking.
    static func answerAsItComes(from model: LanguageModel) async throws {
        print("An answer as it comes: what is the greatest common divisor of 84 and 36?")
        var isThinking = false
        for try await event in model.generate("What is the greatest common divisor of 84 and 36?", parameters) {
            switch event {
            case .reasoning(let piece):
                if !isThinking { write("thinking | ") }
                isThinking = true
                write(piece.replacing("\n", with: "\n         | "))
            case .answer(let piece):
                if isThinking { write("\n") }
                isThinking = false
                write(piece)
            case .finished(let result):
                let speed = result.timings.tokensPerSecond.map { ", \(Int($0)) tokens a second" } ?? ""
                print("\n(ended by \(result.finishReason)\(speed))\n")
            }
        }
    }

    /// The session keeps what was said and gives it along with each question.
    ///
    /// The second question stands alone all the same: the bundled model was not taught what "it" refers to.
    static func conversation(with model: LanguageModel) async throws {
        let chat = ChatSession(model, parameters: parameters)
        for question in ["What is 12 + 30?", "And what is 42 * 2?"] {
            print("> \(question)")
            print(try await chat.respond(to: question))
        }
        print("(\(chat.messages.count) messages)")
    }

    /// Shows a piece at once; by itself, standard output would wait for the end of a line or longer.
    static func write(_ text: String) {
        print(text, terminator: "")
        fflush(nil)
    }
}
