import ArgumentParser

/// Whether the thinking is shown to whoever reads the answer.
struct ThinkingArguments: ParsableArguments {
    enum Choice: EnumerableFlag {
        case showThinking, hideThinking

        static func help(for value: Choice) -> ArgumentHelp? {
            switch value {
            case .showThinking: "Print the thinking before the answer, as run does at a terminal."
            case .hideThinking: "Fold the thinking into one line, as chat does, and run when it is piped."
            }
        }
    }

    @Flag(exclusivity: .exclusive)
    var thinking: Choice?

    /// How it is printed where nothing was said.
    func display(default shown: Bool) -> AnswerPrinter.Thinking {
        switch thinking {
        case .showThinking: .shown
        case .hideThinking: .folded
        case nil: shown && Console.outputIsTerminal ? .shown : .folded
        }
    }
}
