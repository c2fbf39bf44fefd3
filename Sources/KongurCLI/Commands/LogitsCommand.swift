import ArgumentParser
import DeviceRuntime
import Kongur

/// `kongur logits`: what a model makes of given tokens.
struct LogitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits",
        abstract: "Write the logits of every token as a .npy file: [tokens, vocabulary], float32."
    )

    @Argument(help: "The model; the bundled one where not given.", completion: Completions.models)
    var name: String?

    @OptionGroup(title: "Model") var model: ModelArguments

    @Option(name: .customLong("token-ids"), help: ArgumentHelp("The tokens.", valueName: "1,2,3"))
    var tokenIDs: TokenIDList

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "out.npy"))
    var output: String

    func run() async throws {
        let ids = tokenIDs.ids
        let loaded = try ModelLoader(options: model.options).load(name)
        for notice in loaded.notices { Console.warn(notice) }
        let device = try DeviceCatalog.device(named: model.deviceName, threads: model.threads)
        let logits = try LogitsRun(loaded.compiled, device: device, tokenCount: ids.count)
        let file = try NumPyFile(output, shape: [ids.count, loaded.compiled.vocabularySize])
        try logits.run(ids) { try file.append($0) }
        try file.finish()
    }
}
