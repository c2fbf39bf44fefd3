import ArgumentParser
import Foundation
import Kongur
import ONNX

/// `kongur export`: a checkpoint as ONNX.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a checkpoint as an ONNX decoder with past keys and values.",
        discussion:
            "Large weights go into a file beside it, whose name ends in .data. Any ONNX runtime can run the result."
    )

    @Argument(help: "The model; the bundled one where not given.")
    var name: String?

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "model.onnx"))
    var output: String

    func run() async throws {
        let location = try ModelLocator().locate(name)
        guard case .checkpoint = location else {
            throw KongurError(.invalidInput, "\(location.path): is no checkpoint; only checkpoints are exported")
        }
        let graph = try ModelSource(location).graph
        let bar = ProgressBar(after: .milliseconds(500))
        defer { bar.clear() }
        try ModelWriter().write(graph, to: output) { bar.show(done: $0, of: $1, unit: .bytes) }
        bar.clear()
        let nodes = graph.graph.nodes.count
        Console.note("\(output): opset \(graph.operatorSets[""] ?? 0), \(nodes) nodes")
    }
}
