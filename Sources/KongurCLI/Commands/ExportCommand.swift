import ArgumentParser
import Foundation
import Kongur
import ONNX

/// `kongur export`: a checkpoint as ONNX.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a checkpoint as an ONNX decoder with past keys and values.",
        discussion: """
            Large weights go into a file beside it, whose name ends in .data, and the tokenizer's files and the configuration \
            beside both. Any ONNX runtime can run the result. Nothing is replaced but an earlier export.
            """
    )

    @Argument(help: "The model; the bundled one where not given.", completion: Completions.models)
    var name: String?

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "model.onnx"))
    var output: String

    func run() async throws {
        let location = try ModelLocator().locate(name)
        guard case .checkpoint = location else {
            throw KongurError(.invalidInput, "\(location.path): is no checkpoint; only checkpoints are exported")
        }
        try ModelWriter.check(output)
        let companions = ModelCompanions(of: location.folder, beside: output)
        try companions.check()
        let source = try ModelSource(location)
        for notice in source.notices { Console.warn(notice) }
        let graph = source.graph
        let bar = ProgressBar(after: .milliseconds(500))
        defer { bar.clear() }
        try ModelWriter().write(graph, to: output) { bar.show(done: $0, of: $1, unit: .bytes) }
        try companions.copy()
        bar.clear()
        let nodes = graph.graph.nodes.count
        Console.note("\(output): opset \(graph.operatorSets[""] ?? 0), \(nodes) nodes")
    }
}
