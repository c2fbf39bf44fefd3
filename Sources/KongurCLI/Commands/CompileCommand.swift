import ArgumentParser
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

    @OptionGroup var weights: WeightArguments

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

    func validate() throws {
        if let contextLength, contextLength < 1 { throw ValidationError("--context-length must be at least 1.") }
    }

    func run() async throws {
        var options = CompilerOptions()
        options.weights = weights.form.form
        options.contextLength = contextLength
        options.fuse = fuse
        for pass in printAfter where pass != "import" { _ = try PassPipeline.named(pass, options) }
        let compilation = try ModelCompilation(ModelLocator().locate(name), options)
        var observer = PassObserver(printAfter: Set(printAfter), options: compilation.options, checks: checkPasses)
        let result = try compilation.run { (pass, module) throws(CompilerError) in try observer.see(pass, module) }
        Console.note(PassTable(result.reports, differences: observer.differences).text)
        if let output {
            try CompiledModelFolder.write(
                result.model,
                defaults: SamplingDefaults(metadata: compilation.source.graph.metadata),
                tokenizerFolder: compilation.source.folder,
                to: output
            )
            Console.note("\(output): written")
        }
    }
}

/// Prints and checks modules between passes.
struct PassObserver {
    private let printAfter: Set<String>
    private let checker: PassChecker?
    private var previous: Module?
    /// The relative difference of the logits by position in the list of passes.
    private(set) var differences: [Double?] = []

    init(printAfter: Set<String>, options: CompilerOptions, checks: Bool) {
        self.printAfter = printAfter
        checker = checks ? PassChecker(device: ReferenceDevice(), options: options, tokens: [1, 2, 3, 4, 5]) : nil
    }

    mutating func see(_ pass: String, _ module: Module) throws(CompilerError) {
        if printAfter.contains(pass) { Console.print("// after \(pass)\n\(module.text)") }
        guard let checker else { return }
        if let before = previous {
            differences.append(before == module ? nil : try checker.check(pass, before: before, after: module))
        } else {
            differences.append(nil)
        }
        previous = module
    }
}

/// The reports of passes as a table for a person.
struct PassTable {
    private let reports: [PassReport]
    private let differences: [Double?]

    init(_ reports: [PassReport], differences: [Double?]) {
        self.reports = reports
        self.differences = differences
    }

    var text: String {
        var lines = ["pass                              rewrites  operations  launches  MB/token  arena MB"]
        if !differences.isEmpty { lines[0] += "  difference" }
        for (index, report) in reports.enumerated() {
            var line = report.pass.padding(toLength: 34, withPad: " ", startingAt: 0)
            line += Self.column("\(report.rewrites)", 8) + Self.column("\(report.operations)", 12)
            line += Self.column("\(report.launches)", 10) + Self.column(Self.megabytes(report.bytesMoved), 10)
            line += Self.column(report.arenaByteCount.map(Self.megabytes) ?? "-", 10)
            if differences.indices.contains(index) {
                line += Self.column(differences[index].map { String(format: "%.1e", $0) } ?? "-", 12)
            }
            lines.append(line)
            lines += report.refusals.map { "    left alone: \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    private static func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }

    private static func megabytes(_ count: Int) -> String {
        String(format: "%.2f", Double(count) / 1e6)
    }
}
