import ArgumentParser
import Checkpoints
import DeviceRuntime
import Foundation
import Kongur
import ONNX
import Tensors
import XIR

/// `kongur inspect`: what is in a file.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what is in a checkpoint, an ONNX file, a compiled model or XIR text.",
        discussion: "--svg draws the graph: as imported for a checkpoint or an ONNX file, as it stands for XIR text."
    )

    @Argument(
        help: "The checkpoint folder, .onnx file, .kongur folder or .xir file; the bundled model where not given."
    )
    var file: String?

    @Option(help: ArgumentHelp("Write a picture of the graph.", valueName: "out.svg"))
    var svg: String?

    func run() async throws {
        if let file, file.hasSuffix(".xir") { return try inspect(text: file) }
        let location = try ModelLocator().locate(file)
        switch location {
        case .checkpoint(let directory):
            let checkpoint = try Checkpoint.open(directory: directory)
            try inspect(checkpoint)
            for notice in checkpoint.notices { Console.warn(notice) }
        case .onnx(let path): inspect(try ModelReader().read(path: path))
        case .compiled(let directory): try inspect(CompiledModelFile.read(from: directory))
        }
        guard svg != nil else { return }
        guard case .compiled = location else { return try draw(ModelSource(location).module()) }
        throw KongurError(
            .invalidInput,
            "\(location.path): a compiled model is a list of steps; draw what it came from"
        )
    }

    private func inspect(text path: String) throws {
        let module: Module
        do {
            module = try Module(parsing: InputFile.readText(path)) { _, _ in nil }
            try module.verify()
        } catch let error as XIRError {
            throw KongurError(.invalidInput, "\(path): \(error.message)", cause: error)
        }
        Console.print("XIR: \(module.functions.count) functions, \(module.constants.count) constants")
        for function in module.functions { Console.print(Self.summary(function)) }
        if svg != nil { try draw(module) }
    }

    private func inspect(_ checkpoint: Checkpoint) throws {
        let configuration = checkpoint.configuration
        var (count, bytes) = (0, 0)
        for name in checkpoint.tensorNames {
            let tensor = try checkpoint.tensor(named: name)
            count += tensor.elementCount
            bytes += tensor.byteCount
        }
        Console.print("checkpoint: \(configuration.family.rawValue), \(checkpoint.tensorNames.count) tensors")
        Console.print("parameters: \(count) in \(Self.size(bytes))")
        Console.print("context:    \(configuration.contextLength) tokens")
    }

    private func inspect(_ model: Model) {
        let bytes = model.graph.initializers.reduce(0) { $0 + $1.type.byteCount }
        Console.print("ONNX: opset \(model.operatorSets[""] ?? 0), \(model.graph.nodes.count) nodes")
        Console.print("weights: \(model.graph.initializers.count) in \(Self.size(bytes))")
        for (key, value) in model.metadata.sorted(by: { $0.key < $1.key }) { Console.print("\(key): \(value)") }
    }

    private func inspect(_ model: CompiledModel) throws {
        let program = model.program
        Console.print("compiled model: \(program.steps.count) steps, vocabulary \(model.vocabularySize)")
        guard !DeviceCatalog.isForKunlun(program) else {
            let weights = program.constants.reduce(0) { $0 + $1.tensor.byteCount }
            Console.print("for:      Kunlun, activations in f16")
            Console.print("memory:   \(Self.size(weights)) weights + \(Self.size(program.arenaByteCount)) work")
            return printOperations(program)
        }
        let footprint = try ModelFootprint(model, on: DeviceCatalog.device(named: "cpu"))
        Console.print("products: \(footprint.productsLine)")
        let layout = model.cache
        let cache = ModelOptions.KeyValueCache(layout.elementType)?.rawValue ?? layout.elementType.rawValue
        Console.print(
            "cache:    \(cache), \(Self.size(footprint.cacheByteCountPerToken)) a token, context \(model.contextLength)"
        )
        let (empty, full) = (footprint.byteCount(tokens: 0), footprint.byteCount(tokens: model.contextLength))
        Console.print(
            "memory:   \(Self.size(footprint.weightByteCount)) weights + \(Self.size(footprint.workByteCount)) work = \(Self.size(empty)); \(Self.size(full)) with one whole context"
        )
        printOperations(program)
    }

    private func printOperations(_ program: Program) {
        let counts = Dictionary(grouping: program.steps, by: \.operation).mapValues(\.count)
        for (operation, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            Console.print("  \(count) \(operation)")
        }
    }

    private func draw(_ module: Module) throws {
        guard let svg, let function = module.functions.first else { return }
        try OutputFile.write(FunctionDrawing(function).svg, to: svg, as: .svg)
    }

    private static func summary(_ function: Function) -> String {
        let names = Dictionary(grouping: function.operations, by: \.name).mapValues(\.count)
        let list = names.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.value) \($0.key)" }
        return (["\(function.name): \(function.operations.count) operations"] + list).joined(separator: "\n")
    }

    private static func size(_ count: Int) -> String {
        ByteText.of(count)
    }
}
