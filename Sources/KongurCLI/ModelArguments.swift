import ArgumentParser
import Kongur

/// The options of every command that runs a model.
struct ModelArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Where to run it: \(DeviceCatalog.names.joined(separator: " or ")).", valueName: "name"))
    var device = "cpu"

    @Option(help: ArgumentHelp("Keep weights as stored, or as f32.", valueName: "stored|f32"))
    var weights = WeightForm.stored

    @Option(help: "Threads for the processor; one per core where not given.")
    var threads: Int?

    @Option(help: "The most tokens of prompt and answer together; the model's own limit where not given.")
    var contextLength: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1.") }
        if let contextLength, contextLength < 1 { throw ValidationError("--context-length must be at least 1.") }
    }

    var options: ModelOptions {
        ModelOptions(device: device, weights: weights.option, threads: threads, contextLength: contextLength)
    }
}

/// What `--weights` takes.
enum WeightForm: String, ExpressibleByArgument, CaseIterable {
    case stored, f32

    var option: ModelOptions.Weights { self == .stored ? .stored : .float32 }
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
