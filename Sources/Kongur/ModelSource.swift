import Checkpoints
import Frontends
package import ONNX
package import XIR

/// A model before it is compiled: an ONNX graph, exported from a checkpoint or read from a file.
package struct ModelSource {
    /// The graph; its weights are views of mapped files.
    package let graph: Model
    /// The folder that holds the tokenizer.
    package let folder: String

    /// What whoever asked for the model should know of it.
    package let notices: [String]

    private let path: String
    /// What the files beside an ONNX graph say; nil for a checkpoint, whose graph says it.
    private let beside: ModelDescription?

    /// Opens a checkpoint or an ONNX file.
    ///
    /// Throws the errors of the rooms that read them.
    package init(_ location: ModelLocator.Location) throws {
        folder = location.folder
        path = location.path
        switch location {
        case .checkpoint(let directory):
            let checkpoint = try Checkpoint.open(directory: directory)
            graph = try CheckpointExporter.export(checkpoint)
            (notices, beside) = (checkpoint.notices, nil)
        case .onnx(let file):
            graph = try ModelReader().read(path: file)
            (notices, beside) = ([], try ModelDescription(directory: folder))
        case .compiled(let directory):
            throw KongurError(.invalidInput, "\(directory): is compiled already; give the checkpoint or the ONNX file")
        }
        if let length = contextLength, !(1...Int(Int32.max)).contains(length) {
            throw KongurError(
                .invalidModel,
                "\(path): context_length is \(length) in the metadata, not in 1...\(Int32.max)"
            )
        }
        if let fault = samplingDefaults.fault {
            throw KongurError(.invalidModel, "\(path): the sampling that the model's authors suggest: \(fault)")
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
        graph.metadata["context_length"].flatMap { Int($0) } ?? beside?.contextLength
    }

    /// The tokens that end an answer, as the configurations beside the graph or its metadata say.
    package var stopTokenIDs: Set<Int> {
        let metadata = graph.metadata["stop_token_ids"]?.split(separator: ",").compactMap { Int($0) }
        if let beside, beside.hasGenerationConfiguration || metadata == nil {
            return Set(beside.generation.stopTokenIDs)
        }
        return Set(metadata ?? [])
    }

    /// How the model's authors suggest to sample: `generation_config.json` beside the graph counts before its metadata.
    package var samplingDefaults: SamplingDefaults {
        guard let beside, beside.hasGenerationConfiguration else { return SamplingDefaults(metadata: graph.metadata) }
        return SamplingDefaults(metadata: CheckpointExporter.metadata(of: beside.generation))
    }
}
