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

    @Argument(help: "The model; the bundled one where not given.", completion: Completions.models)
    var name: String?

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Server") var server: ServerArguments

    @Option(help: ArgumentHelp("A YAML file of settings.", valueName: "path"))
    var config: String?

    @Flag(help: "Print the settings, secrets masked, and end.")
    var printConfiguration = false

    @Flag(help: "Print what is done with each field of a request, as Markdown, and end.")
    var printRequestFields = false

    func run() async throws {
        if printRequestFields { return Console.write(RequestFieldPage.markdown) }
        let settings = try await ServerSettings(flags: flags, file: config)
        let voice = ServerVoice(output: try settings.log())
        do {
            try await serve(settings, voice)
        } catch {
            let error = KongurError(error)
            guard voice.fail(error.message) else { throw error }
            throw ExitCode(error.exitStatus)
        }
    }

    /// All that can be wrong with the settings is told before the model is loaded, which may take minutes.
    private func serve(_ settings: ServerSettings, _ voice: ServerVoice) async throws {
        var configuration = try settings.configuration()
        var options = try settings.model().options
        let name = try settings.string("model")
        options.maxSequences = try settings.int("max-sequences")
        options.cacheByteCount = try settings.int("cache-mib").map { $0 << 20 }
        options.memoryByteCount = try settings.int("memory-mib").map { $0 << 20 }
        let (system, reasoning) = (try settings.system(), try settings.reasoning())
        let modelName = try settings.string("model-name") ?? Self.name(of: name)
        let logger = try settings.logger(voice.output)
        for note in settings.environment.notes { voice.note(note) }
        for warning in settings.environment.warnings { voice.warn(warning) }
        if printConfiguration {
            Console.write(settings.description)
            return
        }
        let connections = OpenFileLimit.raise(for: configuration.maxConnections)
        if connections < configuration.maxConnections {
            voice.note(
                "note: \(connections) connections instead of \(configuration.maxConnections): the system allows no more open files; raise the hard limit (ulimit -Hn, LimitNOFILE) or lower --max-connections"
            )
            configuration.maxConnections = connections
        }
        let resources = try await Self.told { try await ServerResources(configuration, logger) }
        var made: ServerMetrics?
        let bar = ProgressBar(isShown: voice.output.format == .text)
        let loaded = try LanguageModel.load(
            name,
            options: options,
            connections: configuration.connectionByteCount,
            answers: configuration.answerByteCount,
            progress: { step in
                if step.done == 0 { voice.note("compiling \(modelName); the result is kept for later starts") }
                bar.show(step)
            }
        ) { contextLength in
            let metrics = ServerMetrics(model: modelName, contextLength: contextLength)
            made = metrics
            return metrics.engine.observer
        }
        bar.clear()
        for notice in loaded.notices { voice.warn(notice) }
        guard let metrics = made else { preconditionFailure("loading makes the observer") }
        var served = try ServedModel(loaded, named: modelName, asked: "over HTTP")
        served.path = name ?? modelName
        served.generator.system = system
        served.generator.reasoning = reasoning
        if configuration.responseCache != .off { served.digest = try loaded.digest() }
        voice.note("memory: \(loaded.memory.line)")
        signal(SIGPIPE, SIG_IGN)
        defer { voice.output.flush() }
        try await Self.told {
            let server = Server(served, resources, metrics: metrics, version: kongurVersion, logger: logger)
            let scheme = configuration.tlsCertificate == nil ? "http" : "https"
            try await server.run { address in
                voice.note("\(modelName) answers at \(scheme)://\(address)/v1")
                voice.note("the web page is at \(scheme)://\(address)/")
            }
        }
    }

    /// What a server refuses, in the program's words.
    private static func told<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
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
