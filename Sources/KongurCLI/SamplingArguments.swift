import ArgumentParser
import Kongur
import OpenAIClient

/// The options of every command that draws an answer; what is not given is as the model's authors suggest.
struct SamplingArguments: ParsableArguments {
    @Option(help: ArgumentHelp(AnswerBound.help))
    var maxNewTokens: Int?

    @Option(help: "0 takes the most probable token each time; higher is more varied.")
    var temperature: Double?

    @Option(help: "Draw from the most probable tokens that together reach this probability; 1 is off.")
    var topP: Double?

    @Option(help: "Draw from this many of the most probable tokens; 0 is off.")
    var topK: Int?

    @Option(help: "Draw from tokens at least this probable, relative to the most probable one; 0 is off.")
    var minP: Double?

    @Option(help: "Make tokens that have appeared less probable; 1 is off.")
    var repetitionPenalty: Double?

    @Option(help: "Subtract this from the logit of each token of the answer.")
    var presencePenalty = 0.0

    @Option(help: "Subtract this from a token's logit for each time it is in the answer.")
    var frequencyPenalty = 0.0

    @Option(help: "The same seed gives the same answer.")
    var seed: UInt64?

    @Option(help: "A text that ends the answer; may be given several times.")
    var stop: [String] = []

    @Option(
        help: ArgumentHelp(
            "The most tokens of thinking; then the model must answer. 0 is no thinking.",
            valueName: "tokens"
        )
    )
    var thinkingBudget: Int?

    @Option(
        help: ArgumentHelp(
            "Whether the model thinks before it answers: as it does by itself, always offered, or not. Default: auto.",
            valueName: "auto|on|off"
        )
    )
    var reasoning: ReasoningChoice?

    @Flag(name: .customLong("ignore-eos"), help: "Go on after the model's own end, to the longest answer.")
    var ignoreEOS = false

    var parameters: GenerationParameters {
        GenerationParameters(
            maxNewTokens: maxNewTokens,
            temperature: temperature,
            topP: topP,
            topK: topK,
            minP: minP,
            repetitionPenalty: repetitionPenalty,
            presencePenalty: presencePenalty,
            frequencyPenalty: frequencyPenalty,
            seed: seed,
            stop: stop,
            thinkingBudget: thinkingBudget,
            reasoning: reasoning?.thinks,
            ignoreEOS: ignoreEOS
        )
    }
}

/// The values of `--reasoning`.
enum ReasoningChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, on, off

    /// Nil as the model does by itself.
    var thinks: Bool? { self == .auto ? nil : self == .on }
}

extension AnswerRequest {
    /// Asks a server with the options that were given.
    init(model: String, input: Input, _ sampling: SamplingArguments) {
        self.init(model: model, input: input)
        maxTokens = sampling.maxNewTokens
        temperature = sampling.temperature
        topP = sampling.topP
        topK = sampling.topK
        minP = sampling.minP
        repetitionPenalty = sampling.repetitionPenalty
        presencePenalty = sampling.presencePenalty == 0 ? nil : sampling.presencePenalty
        frequencyPenalty = sampling.frequencyPenalty == 0 ? nil : sampling.frequencyPenalty
        seed = sampling.seed
        stop = sampling.stop.isEmpty ? nil : sampling.stop
        ignoreEOS = sampling.ignoreEOS ? true : nil
        thinkingTokenBudget = sampling.thinkingBudget
        reasoning = sampling.reasoning?.rawValue
    }
}
