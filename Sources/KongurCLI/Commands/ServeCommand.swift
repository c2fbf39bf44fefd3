import ArgumentParser
import Configuration
import Foundation
import Kongur
import Logging
import OpenAIServer
import ResponseCaching
import TextGeneration

/// `kongur serve`: the HTTP service.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer over HTTP, as OpenAI's API does.",
        discussion: """
            Every setting can also be given in the environment, as KONGUR_MAX_QUEUED_REQUESTS for --max-queued-requests, and in a \
            YAML file, as max-queued-requests; the model is KONGUR_MODEL and model there. Flags count before the environment and \
            that before the file.
            """
    )

    @Argument(help: "The model; the bundled one where not given.")
    var name: String?

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Server") var server: ServerArguments

    @Option(help: ArgumentHelp("A YAML file of settings.", valueName: "path"))
    var config: String?

    @Flag(help: "Print the settings, secrets masked, and end.")
    var printConfiguration = false

    func run() async throws {
        let settings = try await ServerSettings(flags: flags, file: config)
        let configuration = try settings.configuration()
        var options = try settings.model().options
        if printConfiguration {
            Console.write(settings.description)
            return
        }
        let logger = try settings.logger()
        let name = try settings.string("model")
        options.maxSequences = try settings.int("max-sequences")
        options.cacheByteCount = try settings.int("cache-mib").map { $0 << 20 }
        options.memoryByteCount = try settings.int("memory-mib").map { $0 << 20 }
        let modelName = try settings.string("model-name") ?? Self.name(of: name)
        var made: ServerMetrics?
        let bar = ProgressBar()
        let loaded = try LanguageModel.load(
            name,
            options: options,
            connections: configuration.connectionByteCount,
            answers: configuration.answerByteCount,
            progress: { step in
                if step.done == 0 {
                    Console.note("kongur: compiling \(modelName); the result is kept for later starts")
                }
                bar.show(step)
            }
        ) { contextLength in
            let metrics = ServerMetrics(model: modelName, contextLength: contextLength)
            made = metrics
            return metrics.engine.observer
        }
        bar.clear()
        guard let metrics = made else { preconditionFailure("loading makes the observer") }
        var served = try ServedModel(loaded, named: modelName, asked: "over HTTP")
        served.generator.system = try settings.system()
        if configuration.responseCache != .off { served.digest = try loaded.digest() }
        Console.note("kongur: memory: \(loaded.memory.line)")
        signal(SIGPIPE, SIG_IGN)
        defer { LogOutput.standardError.flush() }
        do {
            let server = try Server(served, configuration, metrics: metrics, version: Kongur.version, logger: logger)
            try await server.run { address in
                let scheme = configuration.tlsCertificate == nil ? "http" : "https"
                Console.note("kongur: \(modelName) answers at \(scheme)://\(address)/v1")
                Console.note("kongur: the web page is at \(scheme)://\(address)/")
            }
        } catch let error as Server.Failure {
            throw KongurError(.invalidInput, error.description)
        }
    }

    private var flags: [String: ConfigContent?] {
        var flags = server.values
        for (option, value) in model.values { flags.updateValue(value.map { .string($0) }, forKey: option) }
        flags.updateValue(name.map { .string($0) }, forKey: "model")
        return flags
    }

    /// What clients call a model: the name of a hub's as it is, the last part of a path without what says its form.
    static func name(of model: String?) -> String {
        guard let model else { return ModelLocator.bundled }
        guard FileManager.default.fileExists(atPath: model) else { return model }
        let url = URL(fileURLWithPath: model).standardizedFileURL
        return ["onnx", "kongur"].contains(url.pathExtension)
            ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
    }
}
