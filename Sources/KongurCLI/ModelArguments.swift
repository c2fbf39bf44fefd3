import ArgumentParser
import Kongur
import Tokenizers

/// The options of every command that runs a model.
struct ModelArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where to run it: \(DeviceCatalog.names.joined(separator: " or ")), a device to simulate, such as k20 or the path of a descriptor, or a list such as cpu,cpu to answer on several; kongur devices lists them. cpu where not given.",
            valueName: "name"
        ),
        completion: Completions.devices
    )
    var device: String?

    @OptionGroup var weights: WeightArguments

    @OptionGroup var cache: CacheArguments

    @Option(help: "Threads for the processor; one per core where not given.")
    var threads: Int?

    @Option(help: "The most tokens of prompt and answer together; the model's own limit where not given.")
    var contextLength: Int?

    @Option(help: SpeculationChoice.help("A setting for speed alone: answers are the same. auto where not given."))
    var speculate: SpeculationChoice?

    @OptionGroup var prompts: PromptArguments

    @Flag(help: "On xpu, refuse a model with operations that the operator library lacks, which the CPU runs otherwise.")
    var noFallback = false

    @Flag(
        help:
            "Compare every byte of a compiled model's weights with their hash before use; without it, all at the first use and a part later."
    )
    var verify = false

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1.") }
        if let contextLength, contextLength < 1 { throw ValidationError("--context-length must be at least 1.") }
    }

    /// The options as text, by their names; nil for those that are not given.
    var values: [String: String?] {
        [
            "device": device,
            "weights": weights.weights?.rawValue,
            "quantize": weights.quantize?.rawValue,
            "kv-cache": cache.kvCache?.form.rawValue,
            "threads": threads.map(String.init),
            "context-length": contextLength.map(String.init),
            "speculate": speculate?.defaultValueDescription,
            "no-fallback": noFallback ? "true" : nil,
            "verify": verify ? "true" : nil,
            "chat-template-kwargs": prompts.chatTemplateKwargs.map { JSONValue.object($0.variables).json },
            "allow-special-tokens": prompts.allowSpecialTokens ? "true" : nil,
        ]
    }

    /// Which of the options are flags.
    static let flags: Set<String> = ["no-fallback", "verify", "allow-special-tokens"]

    /// Whether none of the options was given.
    var isDefault: Bool { values.values.allSatisfy { $0 == nil } }

    var deviceName: String { device ?? "cpu" }

    var options: ModelOptions {
        var options = ModelOptions(
            device: deviceName,
            weights: weights.form,
            keyValueCache: cache.kvCache?.form,
            threads: threads,
            contextLength: contextLength,
            speculation: (speculate ?? .automatic).speculation,
            allowsFallback: !noFallback,
            chatTemplateVariables: prompts.chatTemplateKwargs.map { JSONValue.object($0.variables).json },
            allowsSpecialTokens: prompts.allowSpecialTokens
        )
        options.verifiesWeights = verify
        return options
    }
}

/// How weights are kept.
struct WeightArguments: ParsableArguments {
    enum Precision: String, ExpressibleByArgument, CaseIterable {
        case stored, f32
    }

    enum Quantization: String, ExpressibleByArgument, CaseIterable {
        case stored, f16, bf16, int8, int4
    }

    @Option(help: ArgumentHelp("Keep weights as stored, which is the default, or as f32.", valueName: "stored|f32"))
    var weights: Precision?

    @Option(
        help: ArgumentHelp(
            "Store weights in fewer bits: f16, or packed for the processor bf16, int8 or int4. Default: stored, as they are.",
            valueName: "stored|f16|bf16|int8|int4"
        )
    )
    var quantize: Quantization?

    func validate() throws {
        if weights == .f32, quantize != nil, quantize != .stored {
            throw ValidationError("--weights f32 and --quantize exclude each other.")
        }
    }

    var form: ModelOptions.Weights {
        switch quantize {
        case .f16: .float16
        case .bf16: .bfloat16
        case .int8: .int8
        case .int4: .int4
        case .stored, nil: weights == .f32 ? .float32 : .stored
        }
    }
}

/// Whether tokens are guessed, as `auto`, `off` or the most of them in a step.
struct SpeculationChoice: ExpressibleByArgument, Equatable {
    var speculation: ModelOptions.Speculation

    static let automatic = SpeculationChoice(speculation: .automatic)
    static let off = SpeculationChoice(speculation: .off)

    init(speculation: ModelOptions.Speculation) {
        self.speculation = speculation
    }

    init?(argument: String) {
        switch (argument, Int(argument)) {
        case ("auto", _): speculation = .automatic
        case ("off", _): speculation = .off
        case (_, let count?) where count > 0: speculation = .upTo(count)
        default: return nil
        }
    }

    var defaultValueDescription: String {
        switch speculation {
        case .automatic: "auto"
        case .off: "off"
        case .upTo(let count): "\(count)"
        }
    }

    static func help(_ note: String) -> ArgumentHelp {
        ArgumentHelp(
            "Guess tokens from what was said before and check several at once: where it pays, never, or N in each step. \(note)",
            valueName: "auto|off|N"
        )
    }
}

/// How keys and values are kept.
struct CacheArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep keys and values in f32, f16, bf16 or int8; where not given, f32 if that is small and else f16.",
            valueName: "f32|f16|bf16|int8"
        )
    )
    var kvCache: Choice<ModelOptions.KeyValueCache>?
}

/// A form of weights or of the key/value cache by the name that the library gives it.
struct Choice<Form: RawRepresentable<String> & CaseIterable & Sendable>: ExpressibleByArgument {
    var form: Form

    init?(argument: String) {
        guard let form = Form(rawValue: argument) else { return nil }
        self.form = form
    }

    static var allValueStrings: [String] { Form.allCases.map(\.rawValue) }
}

/// Token ids as `1,2,3`.
struct TokenIDList: ExpressibleByArgument {
    var ids: [Int]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let ids = parts.map { Int($0.drop { $0 == " " }) }
        guard !ids.contains(nil) else { return nil }
        self.ids = ids.compactMap { $0 }
    }
}
