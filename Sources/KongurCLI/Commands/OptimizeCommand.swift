import ArgumentParser
import Foundation
import Kongur
import XIR
import XIRCompiler

/// `kongur optimize`: passes on XIR text.
struct OptimizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "optimize",
        abstract: "Run passes on XIR text and print the result.",
        discussion: "Without --pass, every pass runs in the order in which `kongur compile` runs them."
    )

    @Argument(help: "The file; - is standard input.")
    var file: String

    @Option(help: ArgumentHelp("A pass to run; may be given several times.", valueName: "name"))
    var pass: [String] = []

    @Option(help: ArgumentHelp("Print the module as text after this pass too.", valueName: "pass"))
    var printAfter: [String] = []

    @Flag(help: "Run the module before and after each pass on the reference, and stop when the results differ.")
    var checkPasses = false

    func run() async throws {
        let options = CompilerOptions()
        let text = try InputFile.readText(file)
        var module: Module
        do {
            module = try Module(parsing: text) { _, _ in nil }
            try module.verify()
        } catch {
            throw KongurError(.invalidInput, "\(file): \(error.message)", cause: error)
        }
        var passes: [any Pass] = []
        for name in pass { passes.append(try PassPipeline.named(name, options)) }
        let pipeline = pass.isEmpty ? PassPipeline.standard(options) : PassPipeline(passes)
        var reports = [PassReport("input", PassOutcome(), module, options)]
        var observer = PassObserver(printAfter: Set(printAfter), options: options, checks: checkPasses)
        try observer.see("input", module)
        try pipeline.run(on: &module) { (pass, module, outcome) throws(CompilerError) in
            reports.append(PassReport(pass.name, outcome, module, options))
            try observer.see(pass.name, module)
        }
        Console.write(module.text)
        Console.note(PassTable(reports, differences: observer.differences).text)
    }
}
