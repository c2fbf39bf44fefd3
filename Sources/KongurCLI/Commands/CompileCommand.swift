import ArgumentParser
import DeviceRuntime
import Foundation
import Kongur
import ONNX
import ReferenceBackend
import Tensors
import XIR
import XIRCompiler

/// `kongur compile`: a checkpoint or an ONNX file as a compiled model.
struct CompileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compile",
        abstract: "Compile a checkpoint or an ONNX file into a folder that loads at once.",
        discussion: "Prints what each pass did: operations, kernel launches and bytes moved for one token, arena size."
    )

    @Argument(help: "The checkpoint folder or ONNX file; the bundled model where not given.")
    var name: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The folder to write; nothing is kept without it.", valueName: "model.kongur")
    )
    var output: String?

    @Option(
        help: ArgumentHelp(
            "What to compile for: the processor (cpu, where not given) or Kunlun's operator library (kunlun), with --quantize f16 or int8.",
            valueName: "cpu|kunlun"
        )
    )
    var target: Choice<Target>?

    @OptionGroup var weights: WeightArguments

    @OptionGroup var cache: CacheArguments

    @Option(help: "The most tokens of prompt and answer together; the model's own limit where not given.")
    var contextLength: Int?

    @Option(
        help: ArgumentHelp("Print the module as text after this pass; may be given several times.", valueName: "pass")
    )
    var printAfter: [String] = []

    @Flag(help: "Run the module before and after each pass on the reference, and stop when the results differ.")
    var checkPasses = false

    @Flag(inversion: .prefixedNo, help: "Leave out the passes that merge and fuse.")
    var fuse = true

    @Flag(
        help: ArgumentHelp(
            "Measure what --quantize costs: the error of each product with weights, perplexity and Kullback-Leibler divergence against the weights as stored.",
            discussion:
                "Layers are named by their weights; `peak` is the largest activation over their root mean square."
        )
    )
    var report = false

    @Option(
        help: ArgumentHelp(
            "What --report measures on: a text file, or a task (.jsonl) whose problems the stored weights answer; a sample of mathematics and code where not given.",
            valueName: "text.txt|problems.jsonl"
        )
    )
    var text: String?

    @Option(
        help: ArgumentHelp(
            "Measure activations over this text or task, and move their large channels into the weights by it before quantising.",
            valueName: "text.txt|problems.jsonl"
        )
    )
    var calibrate: String?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Before int8 and int4, move large channels of activations into the weights. Default: with --calibrate alone; without it, it often costs accuracy."
    )
    var smooth: Bool?

    @Flag(help: "Print the report as JSON.")
    var json = false

    @Option(help: "Threads for --report and --calibrate; one per core where not given.")
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1.") }
        if report || calibrate != nil, weights.quantize == nil || weights.quantize == .stored {
            throw ValidationError("--report and --calibrate say what --quantize costs: give --quantize as well.")
        }
        if text != nil || json, !report { throw ValidationError("--text and --json belong to --report.") }
        if calibrate != nil, [.f16, .bf16].contains(weights.quantize) || smooth == false {
            throw ValidationError("--calibrate is for smoothing before int8 and int4.")
        }
        if report, target?.form == .kunlun {
            throw ValidationError("--report runs the model on the processor, and so not what --target kunlun gives.")
        }
        if let contextLength, contextLength < 1 { throw ValidationError("--context-length must be at least 1.") }
    }

    func run() async throws {
        if let output { try CompiledModelFolder.check(output) }
        if weights.quantize == .int4 { Console.warn(QuantizationCost.int4Warning) }
        var options = CompilerOptions()
        options.target = target?.form ?? .cpu
        options.weights = weights.form.form
        options.contextLength = contextLength
        options.fuse = fuse
        options.smooth = smooth ?? (calibrate != nil)
        for pass in printAfter where pass != "import" { _ = try PassPipeline.named(pass, options) }
        let bar = ProgressBar(isShown: printAfter.isEmpty, after: .milliseconds(500))
        defer { bar.clear() }
        var compilation = try ModelCompilation(
            ModelLocator().locate(name),
            options,
            cache: cache.kvCache?.form.elementType
        )
        for notice in compilation.source.notices { Console.warn(notice) }
        let device = try DeviceCatalog.device(named: "cpu", threads: threads)
        if let calibrate {
            bar.show("measuring activations")
            try compilation.calibrate(on: device, over: QuantizationText.read(calibrate, for: compilation, on: device))
        }
        if report { bar.show("reading what is judged") }
        let judged = report ? try QuantizationText.read(text, for: compilation, on: device) : nil
        let errors = try judged.map { try compilation.layerErrors(on: device, over: $0) }
        var layers: [LayerError] = []
        var observer = PassObserver(printAfter: Set(printAfter), options: compilation.options, checks: checkPasses)
        var steps = CompilationProgress(compilation.options)
        bar.show(steps)
        let result = try compilation.run { (pass, module) throws(CompilerError) in
            steps.advance()
            bar.show(steps)
            try observer.see(pass, module)
            if let errors, pass == "quantize-weights" { layers = try errors.measure(module) }
        }
        bar.clear()
        Console.note(PassTable(result.reports, differences: observer.differences).text)
        if let output {
            bar.show("writing")
            try CompiledModelFolder.write(result.model, from: compilation.source, to: output)
            bar.note("\(output): written")
        }
        if let judged {
            bar.show("comparing predictions")
            let report = QuantizationReport(
                quantization: weights.form.rawValue,
                layers: layers,
                predictions: try LogitsComparison(
                    of: result.model,
                    with: compilation.exact(),
                    on: device,
                    over: judged
                )
            )
            bar.clear()
            if json { try Console.print(json: report) } else { Console.print(QuantizationTable(report).text) }
        }
    }
}
