import Foundation
import Kongur
import Synchronization

/// A person and a model in turn, until one of them has enough.
struct ChatTalk<Chat: Conversation> {
    private let chat: Chat
    private var sampling: SamplingArguments
    private var thinking: AnswerPrinter.Thinking
    /// The longest answer where nobody says.
    private let bound: AnswerBound?
    /// The thinking of the last answer.
    private var lastThinking = ""

    init(
        _ chat: Chat,
        _ sampling: SamplingArguments,
        _ thinking: AnswerPrinter.Thinking,
        _ bound: AnswerBound? = nil
    ) {
        self.chat = chat
        self.sampling = sampling
        self.thinking = thinking
        self.bound = bound
        chat.use(sampling)
    }

    mutating func run(keepsHistory: Bool) async throws {
        let answering = Mutex<Task<String, any Error>?>(nil)
        Terminal.onInterrupt {
            let answer = answering.withLock { $0 }
            if let answer {
                answer.cancel()
            } else {
                Console.note("\n\(ChatInput.endingHint)")
            }
        }
        var input = ChatInput(keepsHistory: keepsHistory)
        while let line = input.next() {
            let text = line.trimmingCharacters(in: .whitespacesAndNewlines)
            if text.isEmpty { continue }
            if let instruction = ChatInstruction(text) {
                guard try follow(instruction) else { return }
            } else if ChatInstruction.isMeant(text) {
                Console.note("there is no \(text.prefix { !$0.isWhitespace })\n\(ChatInstruction.help)")
            } else {
                if chat.said.isEmpty, LanguageHint.isMostlyChinese(text) { Console.note(LanguageHint.text) }
                let task = Task { [chat, thinking, bound] in try await Self.answer(chat, text, thinking, bound) }
                answering.withLock { $0 = task }
                defer { answering.withLock { $0 = nil } }
                lastThinking = try await task.value
            }
        }
    }

    /// Does what a command says; false at the end.
    private mutating func follow(_ instruction: ChatInstruction) throws -> Bool {
        let argument = instruction.argument
        switch instruction.name {
        case .bye, .quit, .exit: return false
        case .help: Console.note(ChatInstruction.help)
        case .clear:
            chat.said = []
            lastThinking = ""
        case .think:
            thinking = thinking == .shown ? .folded : .shown
            Console.note(thinking == .shown ? "thinking is shown" : "thinking is folded")
            if thinking == .shown, !lastThinking.isEmpty { Console.note(lastThinking) }
        case .set:
            Console.note(ChatSetting.apply(argument, to: &sampling))
            chat.use(sampling)
        case .system:
            if !argument.isEmpty { chat.instructions = argument == "none" ? nil : argument }
            Console.note("system message: \(chat.instructions ?? "the model's own")")
        case .save, .load:
            guard !argument.isEmpty else {
                Console.note("give a file: /\(instruction.name.rawValue) FILE")
                break
            }
            do {
                try instruction.name == .save ? save(argument) : load(argument)
            } catch let error as KongurError {
                Console.note("kongur: error: \(error.message)")
            }
        }
        return true
    }

    private func save(_ path: String) throws {
        try SavedConversation(instructions: chat.instructions, chat.said).write(to: path)
        Console.note("saved \(chat.said.count / 2) answers to \(path)")
    }

    private mutating func load(_ path: String) throws {
        let saved = try SavedConversation(path: path)
        chat.instructions = saved.instructions
        chat.said = saved.said
        lastThinking = ""
        Console.note("goes on after \(saved.said.count / 2) answers of \(path)")
    }

    /// Prints the answer and returns its thinking.
    private static func answer(
        _ chat: Chat,
        _ text: String,
        _ thinking: AnswerPrinter.Thinking,
        _ bound: AnswerBound?
    ) async throws -> String {
        var printer = AnswerPrinter(thinking: thinking, hint: "; /think shows it")
        var thoughts = ""
        do {
            try await chat.answer(text) { event in
                printer.print(event)
                if case .reasoning(let piece) = event { thoughts += piece }
                guard case .finished(let summary) = event else { return }
                Console.note(summary.line)
                if let bound, summary.isCutOff, summary.tokens ?? 0 >= bound.tokens { Console.note(bound.note) }
            }
        } catch let error as KongurError where error.code == .cancelled {
            printer.end()
            Console.note("stopped")
        } catch let error as KongurError where error.code == .invalidInput || error.code == .networkFailed {
            // A conversation that has become too long, or a server that is busy, is no reason to lose what was said.
            printer.end()
            Console.note("kongur: error: \(error.message)")
        }
        return thoughts
    }
}
