import CPUBackend
import Checkpoints
import Crypto
import DeviceRuntime
import Foundation
package import InferenceEngine
import MemoryAccounting
package import TextGeneration
import Tokenizers
import Tracing

/// A model that is ready to answer.
///
/// Any number of tasks may ask it at the same time: their answers are computed together.
///
/// ```swift
/// let model = try await LanguageModel.load("path/to/checkpoint")
/// for try await event in model.generate("What is 17 * 23?", GenerationParameters(maxNewTokens: 512, temperature: 0.7)) {
///     if case .answer(let piece) = event { print(piece, terminator: "") }
/// }
/// ```
public final class LanguageModel: Sendable {
    /// The folder that it was loaded from.
    public let path: String
    /// The most tokens of a prompt and its answer together.
    public var contextLength: Int { engine.limits.maxSequenceLength }

    package let engine: EngineGroup
    /// Nil for a model without a tokenizer, which takes token ids alone.
    package let generator: TextGenerator?
    package let defaults: SamplingDefaults
    /// The longest answer that the model's authors suggest.
    package var suggestedLength: Int? { defaults.maxNewTokens }
    /// Whether the model's template or vocabulary know the tags around thinking.
    package var knowsThinking: Bool { generator?.knowsThinking ?? false }
    /// What it will take in memory at most.
    package let memory: MemoryPlan
    /// Where the tokenizer's files are, and the model's card where it has one.
    package let tokenizerFolder: String
    /// What whoever asked for it should know.
    package let notices: [String]

    init(_ loaded: LoadedModel, _ options: ModelOptions, engine: EngineGroup, memory: MemoryPlan) throws {
        self.memory = memory
        path = loaded.path
        tokenizerFolder = loaded.tokenizerFolder
        defaults = loaded.defaults
        notices = loaded.notices
        self.engine = engine
        let variables = try options.templateVariables
        var generator = loaded.tokenizer.map {
            TextGenerator(
                tokenizer: $0,
                template: loaded.template,
                engine: engine,
                memory: MemoryLedger(byteCount: memory.requestByteCount)
            )
        }
        generator?.allowsSpecialTokens = options.allowsSpecialTokens
        generator?.templateVariables = variables
        if let mode = ReasoningMode(variables) { generator?.reasoning = mode }
        self.generator = generator
    }

    /// Loads a checkpoint folder, an ONNX file, a compiled model or a pulled model by its name; nil is the bundled model.
    ///
    /// The first time compiles it and keeps the result in the user's cache folder; after that, loading maps files and
    /// takes a moment. All of it is done on a thread of its own, which tells `progress` how far it is. Cancelling the task
    /// ends the waiting; a compilation under way is finished and kept. Throws `KongurError`.
    public static func load(
        _ name: String? = nil,
        options: ModelOptions = ModelOptions(),
        progress: @escaping @Sendable (LoadingProgress) -> Void = { _ in }
    ) async throws -> LanguageModel {
        do {
            return try await BlockingWork.run {
                progress(.reading)
                return try load(
                    name,
                    options: options,
                    connections: 0,
                    answers: 0,
                    progress: { LoadingProgress($0).map(progress) },
                    observers: { _ in { _ in nil } }
                )
            }
        } catch {
            throw KongurError(error)
        }
    }

    /// The same, with bytes that are kept for connections and for answers that are given again, and what makes observers of
    /// its engines, by their number, made when the model's context length is known; `progress` is told how far compiling is.
    package static func load(
        _ name: String?,
        options: ModelOptions,
        connections: Int,
        answers: Int,
        progress: (CompilationProgress) -> Void = { _ in },
        observers: (_ contextLength: Int) -> (Int) -> (any EngineObserver)?
    ) throws -> LanguageModel {
        do {
            // First: who waits for a compilation must not hear of a device that is not there at its end.
            let devices = try DeviceCatalog.devices(
                named: options.device,
                threads: options.threads,
                allowsFallback: options.allowsFallback,
                isTraced: options.recordsTrace
            )
            let loaded = try ModelLoader(options: options).load(name, progress: progress)
            let system = SystemMemory()
            // Devices with memory of their own each have all of it.
            let own = DeviceCatalog.memory(of: devices[0])
            let memory = try MemoryPlan(
                loaded.compiled,
                ModelFootprint(loaded.compiled, on: devices[0]),
                replicas: own == nil ? devices.count : 1,
                options,
                limit: own ?? system.limit ?? MemoryLimit(byteCount: .max, reason: "without a limit"),
                held: own == nil ? system.held : 0,
                connections: connections,
                answers: answers
            )
            let configuration = EngineConfiguration(
                maxSequences: options.maxSequences,
                cacheBlocks: memory.cacheBlocks,
                speculation: DeviceCatalog.speculation(options.speculation, on: devices[0]).choice
            )
            let engine = try EngineGroup(
                model: loaded.compiled,
                devices: devices,
                configuration: configuration,
                observer: observers(loaded.compiled.contextLength)
            )
            return try LanguageModel(loaded, options, engine: engine, memory: memory)
        } catch {
            throw KongurError(error)
        }
    }

    /// A hash of all that answers depend on besides what is asked: this version, the device, the model, its tokenizer.
    ///
    /// Cost: reading the tokenizer's files, and what `ModelDigest.of` takes.
    package func digest() throws -> String {
        var hash = SHA256()
        func add(_ data: Data) {
            withUnsafeBytes(of: UInt64(data.count).littleEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: data)
        }
        let devices = Set(engine.engines.map(\.device.name)).sorted()
        for text in [kongurVersion, devices.joined(separator: ","), try ModelDigest.of(engine.model)] {
            add(Data(text.utf8))
        }
        for file in CompiledModelFolder.textFiles(of: tokenizerFolder) {
            add(Data(file.utf8))
            add(FileManager.default.contents(atPath: "\(tokenizerFolder)/\(file)") ?? Data())
        }
        return Data(hash.finalize()).base64EncodedString()
    }

    /// What to say where the model has no tokenizer.
    package var missingTokenizer: String { ModelFolderContents(tokenizerFolder).missingTokenizer }

    /// Answers a question, asked through the model's chat template; a model without one continues the text.
    ///
    /// Events come as they happen. The stream throws `KongurError`; ending the iteration, or cancelling its task, ends the
    /// answer.
    public func generate(
        _ prompt: String,
        _ parameters: GenerationParameters = GenerationParameters()
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        guard generator?.template != nil else { return generate(.text(prompt), parameters) }
        return generate(messages: [Message(.user, prompt)], parameters)
    }

    /// Answers a conversation.
    public func generate(
        messages: [Message],
        _ parameters: GenerationParameters = GenerationParameters()
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        generate(.chat(messages.map(\.chatMessage)), parameters)
    }

    /// Continues tokens.
    public func generate(
        tokenIDs: [Int],
        _ parameters: GenerationParameters = GenerationParameters()
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        generate(.tokenIDs(tokenIDs), parameters)
    }

    /// Answers a question and returns when the answer is complete.
    public func answer(
        _ prompt: String,
        _ parameters: GenerationParameters = GenerationParameters()
    ) async throws -> GenerationResult {
        try await generate(prompt, parameters).result()
    }

    private func generate(
        _ prompt: Prompt,
        _ parameters: GenerationParameters
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let options: GenerationOptions
        do {
            options = try GenerationOptions(parameters, defaults)
        } catch {
            return AsyncThrowingStream { throw error }
        }
        if let generator {
            var prompt = prompt
            if case .chat(let messages, let tools, _, let ending) = prompt, let mode = options.reasoning {
                prompt = .chat(messages, tools: tools, variables: mode.templateVariables, ending: ending)
            }
            let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            let operation = if case .chat = prompt { "chat" } else { "text_completion" }
            let span = startSpan("\(operation) \(name)")
            span.describe(operation, model: name, options)
            let events = PublicEvents(generator.generate(prompt, options), span)
            return AsyncThrowingStream { try await events.next() }
        }
        let isPlain = options.format == nil && options.thinkingBudget == nil
        guard case .tokenIDs(let tokenIDs) = prompt, isPlain else {
            let remedy =
                isPlain ? "without one, give token ids" : "without one, no format or thinking budget can be asked for"
            let error = KongurError(.invalidModel, "\(missingTokenizer); \(remedy)")
            return AsyncThrowingStream { throw error }
        }
        let continuation = TokenContinuation(engine, tokenIDs, options)
        return AsyncThrowingStream { try await continuation.next() }
    }
}

/// A text generator's events as the public ones; errors become `KongurError`. A span covers them.
private actor PublicEvents {
    private let events: AsyncThrowingStream<TextEvent, any Error>
    private let span: any Span

    init(_ events: AsyncThrowingStream<TextEvent, any Error>, _ span: any Span) {
        self.events = events
        self.span = span
    }

    deinit { span.end() }

    func next() async throws -> GenerationEvent? {
        do {
            // A stream's iterators share its place, so each call may have its own.
            var iterator = events.makeAsyncIterator()
            while let event = try await iterator.next(isolation: self) {
                if case .finished(let result) = event {
                    let usage = result.usage
                    span.describe([result], promptTokens: usage.promptTokens, cachedTokens: usage.cachedTokens)
                }
                if let event = GenerationEvent(event) { return event }
            }
            return nil
        } catch {
            span.recordError(error)
            span.setStatus(SpanStatus(code: .error))
            throw KongurError(error)
        }
    }
}

extension AsyncThrowingStream<GenerationEvent, any Error> {
    /// The whole answer, once it is complete.
    public func result() async throws -> GenerationResult {
        for try await event in self {
            if case .finished(let result) = event { return result }
        }
        throw KongurError(.cancelled, "the answer was cancelled")
    }
}
