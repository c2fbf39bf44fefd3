import Checkpoints
import Foundation
import Frontends
package import ONNX
package import XIR

/// A model before it is compiled: an ONNX graph, exported from a checkpoint or read from a file.
package struct ModelSource {
    /// The graph; its weights are views of mapped files.
    package let graph: Model
    /// The folder that holds the tokenizer.
    package let folder: String

    private let path: String

    /// Opens a checkpoint or an ONNX file.
    ///
    /// Throws the errors of the rooms that read them.
    package init(_ location: ModelLocator.Location) throws {
        folder = location.folder
        path = location.path
        switch location {
        case .checkpoint(let directory):
            graph = try CheckpointExporter.export(Checkpoint.open(directory: directory))
        case .onnx(let file):
            graph = try ModelReader().read(path: file)
        case .compiled(let directory):
            throw KongurError(.invalidInput, "\(directory): is compiled already; give the checkpoint or the ONNX file")
        }
    }

    /// The graph in XIR.
    package func module() throws -> Module {
        do {
            return try ONNXImporter.module(from: graph)
        } catch {
            throw KongurError(.invalidModel, "\(path): \(error.message)", cause: error)
        }
    }

    /// The most tokens of a sequence, as the graph's metadata or the configuration beside it says.
    package var contextLength: Int? {
        graph.metadata["context_length"].flatMap { Int($0) } ?? configuration("max_position_embeddings") as? Int
    }

    /// The tokens that end an answer, as the metadata or the configuration beside it says.
    package var stopTokenIDs: Set<Int> {
        if let text = graph.metadata["stop_token_ids"] {
            return Set(text.split(separator: ",").compactMap { Int($0) })
        }
        switch configuration("eos_token_id") {
        case let id as Int: return [id]
        case let ids as [Int]: return Set(ids)
        default: return []
        }
    }

    /// One value of the `config.json` beside an ONNX file of another exporter.
    private func configuration(_ key: String) -> Any? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/config.json"),
            let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        else { return nil }
        return object[key]
    }
}
