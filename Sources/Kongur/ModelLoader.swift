package import DeviceRuntime
import Foundation
import ONNX
import Tensors
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
        if case .compiled(let folder) = location {
            guard options.weights == .stored, options.keyValueCache == nil, options.contextLength == nil else {
                throw KongurError(
                    .invalidInput,
                    "\(folder): is compiled; the forms of weights and of the key/value cache and the context length are chosen when compiling"
                )
            }
            return try loaded(location, CompiledModelFile.read(from: folder), CompiledModelFolder.defaults(in: folder))
        }
        let kept = try locator.cacheFolder + "/compiled/" + key(location) + ".kongur"
        if let compiled = try? CompiledModelFile.read(from: kept) {
            return try loaded(location, compiled, CompiledModelFolder.defaults(in: kept))
        }
        let compilation = try ModelCompilation(location, compilerOptions, cache: options.keyValueCache?.elementType)
        var steps = CompilationProgress(compilation.options)
        progress(steps)
        var compiled = try compilation.run { (_, _) throws(CompilerError) in
            steps.advance()
            progress(steps)
        }.model
        let defaults = SamplingDefaults(metadata: compilation.source.graph.metadata)
        do {
            try CompiledModelFolder.write(compiled, defaults: defaults, tokenizerFolder: location.folder, to: kept)
            // From here the weights are read from the mapped file, and those in memory are given back.
            compiled = try CompiledModelFile.read(from: kept)
        } catch {
            // Where the cache cannot be written, the model is compiled each time: slower, and no reason to fail.
        }
        return try loaded(location, compiled, defaults)
    }

    private var compilerOptions: CompilerOptions {
        var compilerOptions = CompilerOptions()
        compilerOptions.target = DeviceCatalog.target(of: options.device)
        compilerOptions.weights = options.weights.form
        compilerOptions.contextLength = options.contextLength
        return compilerOptions
    }

    private func loaded(_ location: ModelLocator.Location, _ compiled: CompiledModel, _ defaults: SamplingDefaults)
        throws -> LoadedModel
    {
        let folder = location.folder
        let hasTokenizer = ["tokenizer.json", "vocab.json"].contains {
            FileManager.default.fileExists(atPath: "\(folder)/\($0)")
        }
        return LoadedModel(
            path: location.path,
            tokenizerFolder: folder,
            compiled: compiled,
            tokenizer: hasTokenizer ? try Tokenizer.load(directory: folder) : nil,
            template: try ChatTemplate.load(directory: folder),
            defaults: defaults
        )
    }

    /// A name for what compiling gives: it changes with the files (by size and time), the options and the version.
    private func key(_ location: ModelLocator.Location) throws -> String {
        let folder = URL(fileURLWithPath: location.folder).resolvingSymlinksInPath()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        // FNV-1a: names need to differ, not to withstand anybody.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 + [0x0A] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        let cache = options.keyValueCache?.rawValue ?? ""
        add(
            "\(version) \(location.path) \(folder.path) \(DeviceCatalog.target(of: options.device).rawValue) \(options.weights.rawValue) \(cache) \(options.contextLength ?? 0)"
        )
        for name in names {
            let file = folder.appendingPathComponent(name).resolvingSymlinksInPath()
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
            let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            add("\(name) \(attributes[.size] ?? 0) \(time)")
        }
        return String(hash, radix: 16)
    }
}
