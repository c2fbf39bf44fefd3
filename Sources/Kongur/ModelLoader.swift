package import DeviceRuntime
import Dispatch
import Foundation
import Synchronization
package import Tokenizers
import XIRCompiler

/// A model in memory, before it is given to a device.
package struct LoadedModel: Sendable {
    /// What was asked for.
    package var path: String
    /// Where the tokenizer's files are.
    package var tokenizerFolder: String
    package var compiled: CompiledModel
    /// Nil for a model without one, which takes token ids alone.
    package var tokenizer: Tokenizer?
    package var template: ChatTemplate?
    package var defaults: SamplingDefaults
    /// What whoever asked should know of it.
    package var notices: [String] = []
}

extension LoadedModel {
    fileprivate init(
        _ location: ModelLocator.Location,
        _ text: TextFiles,
        _ compiled: CompiledModel,
        _ defaults: SamplingDefaults
    ) {
        self.init(
            path: location.path,
            tokenizerFolder: location.folder,
            compiled: compiled,
            tokenizer: text.tokenizer,
            template: text.template,
            defaults: defaults
        )
    }
}

/// What turns text into tokens and back.
private struct TextFiles {
    /// Nil for a model without one.
    let tokenizer: Tokenizer?
    let template: ChatTemplate?

    init(_ location: ModelLocator.Location) throws {
        let folder = location.folder
        let hasTokenizer = ["tokenizer.json", "vocab.json"].contains {
            FileManager.default.fileExists(atPath: "\(folder)/\($0)")
        }
        tokenizer = hasTokenizer ? try Tokenizer.load(directory: folder) : nil
        template = try ChatTemplate.load(directory: folder)
    }
}

/// Loads models; those that are not compiled yet are compiled at the first use and kept in the user's cache folder.
package struct ModelLoader: Sendable {
    private let options: ModelOptions
    private let locator: ModelLocator

    package init(options: ModelOptions = ModelOptions(), locator: ModelLocator = ModelLocator()) {
        self.options = options
        self.locator = locator
    }

    /// The model by a name that `ModelLocator` understands.
    ///
    /// `progress` is told of each step where the model has to be compiled first.
    package func load(_ name: String?, progress: (CompilationProgress) -> Void = { _ in }) throws -> LoadedModel {
        let location = try locator.locate(name)
        let cache = CacheFolder(path: locator.cacheFolder)
        // First: who waits for a compilation must not hear of a missing tokenizer at its end.
        let text = try TextFiles(location)
        var model: LoadedModel
        if case .compiled(let folder) = location {
            guard options.weights == .stored, options.keyValueCache == nil, options.contextLength == nil else {
                throw KongurError(
                    .invalidInput,
                    "\(folder): is compiled; the forms of weights and of the key/value cache and the context length are chosen when compiling"
                )
            }
            let compiled = try CompiledModelFile.read(from: folder)
            let verification = WeightVerification(cache: cache)
            try verification.check(compiled, at: folder, isForced: options.verifiesWeights)
            model = LoadedModel(location, text, compiled, try CompiledModelFolder.defaults(in: folder))
            model.notices = CompiledModelManifest.read(in: folder)?.notices ?? []
        } else {
            model = try compiled(location, text, cache, progress)
        }
        if options.weights == .int4 { model.notices.append(QuantizationCost.int4Warning) }
        return model
    }

    /// The model as the cache has it, or compiled now and kept there.
    private func compiled(
        _ location: ModelLocator.Location,
        _ text: TextFiles,
        _ cache: CacheFolder,
        _ progress: (CompilationProgress) -> Void
    ) throws -> LoadedModel {
        cache.prepare()
        let sources = try SourceFiles(location)
        let folder = "\(cache.compiled)/\(key(location, try sources.sample())).kongur"
        let fault = cache.fault
        if fault == nil, let kept = kept(location, text, sources, cache, folder) { return kept }
        let digest = BackgroundDigest(sources, isWanted: fault == nil)
        let compilation = try ModelCompilation(location, compilerOptions, cache: options.keyValueCache?.elementType)
        var steps = CompilationProgress(compilation.options)
        progress(steps)
        var compiled = try compilation.run { (_, _) throws(CompilerError) in
            steps.advance()
            progress(steps)
        }.model
        let source = compilation.source
        do {
            // Files that changed meanwhile are not those that the key stands for.
            if let digest = digest.value, try SourceFiles(location).states == sources.states {
                let origin = CompiledModelManifest.Source(digest: digest, states: sources.states)
                try CompiledModelFolder.keep(compiled, from: source, origin, at: folder)
                // From here the weights are read from the mapped file, and those in memory are given back.
                compiled = try CompiledModelFile.read(from: folder)
                WeightVerification(cache: cache).trust(compiled, at: folder)
            }
        } catch {
            // Where the cache cannot be written, the model is compiled each time: slower, and no reason to fail.
        }
        var model = LoadedModel(location, text, compiled, source.samplingDefaults)
        model.notices = source.notices + (fault.map { [$0] } ?? [])
        return model
    }

    /// What the cache has of these files: nil for a model that is not there, was made from other files, or is damaged.
    private func kept(
        _ location: ModelLocator.Location,
        _ text: TextFiles,
        _ sources: SourceFiles,
        _ cache: CacheFolder,
        _ folder: String
    ) -> LoadedModel? {
        guard cache.isTrusted(folder), var manifest = CompiledModelManifest.read(in: folder),
            let source = manifest.source
        else { return nil }
        if source.states != sources.states {
            // Moved, copied or written anew: the same files only if every byte is.
            guard (try? sources.whole()) == source.digest else { return nil }
            manifest.source?.states = sources.states
            try? manifest.write(to: folder)
        }
        guard manifest.fault(in: folder, of: manifest.files.keys) == nil,
            let compiled = try? CompiledModelFile.read(from: folder)
        else { return nil }
        let verification = WeightVerification(cache: cache)
        do {
            try verification.check(compiled, at: folder, isForced: options.verifiesWeights)
            var model = LoadedModel(location, text, compiled, try CompiledModelFolder.defaults(in: folder))
            model.notices = manifest.notices
            return model
        } catch {
            return nil
        }
    }

    private var compilerOptions: CompilerOptions {
        var compilerOptions = CompilerOptions()
        compilerOptions.target = DeviceCatalog.target(of: options.device)
        compilerOptions.weights = options.weights.form
        compilerOptions.contextLength = options.contextLength
        return compilerOptions
    }

    /// A name for what compiling gives: it changes with what is in the files, the options and the version.
    private func key(_ location: ModelLocator.Location, _ sample: String) -> String {
        let path = URL(fileURLWithPath: location.path).resolvingSymlinksInPath().path
        let target = DeviceCatalog.target(of: options.device).rawValue
        let cache = options.keyValueCache?.rawValue ?? ""
        let text =
            "\(kongurVersion) \(path) \(target) \(options.weights.rawValue) \(cache) \(options.contextLength ?? 0) \(sample)"
        return String(Data(text.utf8).sha256.prefix(32))
    }
}

/// The hash of every byte of a model's files, computed on another thread while the model is compiled.
private final class BackgroundDigest: Sendable {
    private let result = Mutex<String?>(nil)
    private let group = DispatchGroup()

    init(_ sources: SourceFiles, isWanted: Bool) {
        guard isWanted else { return }
        DispatchQueue.global(qos: .utility).async(group: group) { [self] in
            let digest = try? sources.whole()
            result.withLock { $0 = digest }
        }
    }

    /// Waits for it; nil when the files cannot be read.
    var value: String? {
        group.wait()
        return result.withLock { $0 }
    }
}
