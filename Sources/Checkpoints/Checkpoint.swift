package import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder as Hugging Face lays it out: `config.json` and tensors in safetensors files, mapped, not read.
package struct Checkpoint: Sendable {
    package let directory: String
    /// As `config.json` says, but for `tiesWordEmbeddings`: a head that differs from the embedding is used.
    package let configuration: ModelConfiguration
    /// What whoever asked for the model should know: where the files are not what `config.json` says.
    package let notices: [String]
    package let generation: GenerationConfiguration
    /// A hash of the bytes of `config.json` (FNV-1a, hexadecimal), to recognise what was made from it.
    package let configurationHash: String
    private let shards: [String: SafetensorsFile]
    /// Which shard holds a tensor.
    private let locations: [String: String]

    /// Opens a folder and checks that it holds every tensor of its family with the right shape and a floating-point type.
    ///
    /// Costs the reading of the headers. Throws one error that names the file, the key or tensor and the reason; where
    /// several tensors are wrong, it names the first and counts the others.
    package static func open(directory: String) throws(CheckpointError) -> Checkpoint {
        try Checkpoint(directory: directory)
    }

    private init(directory: String) throws(CheckpointError) {
        self.directory = directory
        let configurationPath = "\(directory)/config.json"
        var configuration = try ModelConfiguration(readingFile: configurationPath)
        configurationHash = try Self.hash(of: configurationPath)
        let generationPath = "\(directory)/generation_config.json"
        generation = try GenerationConfiguration(
            Self.exists(generationPath) ? JSONObject(readingFile: generationPath) : nil,
            configuration: configuration
        )
        let shards: [String: SafetensorsFile]
        let locations: [String: String]
        let single = "\(directory)/model.safetensors"
        let index = "\(directory)/model.safetensors.index.json"
        if Self.exists(single) {
            let file = try SafetensorsFile(path: single)
            shards = ["model.safetensors": file]
            locations = file.header.entries.mapValues { _ in "model.safetensors" }
        } else if Self.exists(index) {
            (shards, locations) = try Self.openShards(of: ShardIndex(path: index), in: directory)
        } else {
            throw CheckpointError(.fileNotReadable, ModelFolderContents(directory).missingWeights)
        }
        (self.shards, self.locations) = (shards, locations)
        let head = OutputHead(configuration, directory) { (name) throws(CheckpointError) in
            guard let location = locations[name], let shard = shards[location] else { return nil }
            return try shard.tensor(named: name)
        }
        var notices: [String] = []
        if let notice = try head.difference() {
            configuration.tiesWordEmbeddings = false
            notices.append(notice)
        }
        if let notice = UnusedTensors(configuration, locations.keys).notice {
            notices.append("\(directory): \(notice)")
        }
        (self.configuration, self.notices) = (configuration, notices)
        try checkTensors()
    }

    private static func openShards(of index: ShardIndex, in directory: String)
        throws(CheckpointError) -> ([String: SafetensorsFile], [String: String])
    {
        var shards: [String: SafetensorsFile] = [:]
        let files = Set(index.files.values).sorted()
        let missing = files.filter { !exists("\(directory)/\($0)") }
        if let first = missing.first {
            let others = missing.count > 1 ? ", and \(missing.count - 1) more of \(files.count) files are" : ""
            throw CheckpointError(
                .fileNotReadable,
                "\(index.path): names '\(first)', which is missing\(others); download the model again"
            )
        }
        for file in files {
            shards[file] = try SafetensorsFile(path: "\(directory)/\(file)")
        }
        for (tensor, file) in index.files.sorted(by: { $0.key < $1.key })
        where shards[file]?.header.entries[tensor] == nil {
            throw CheckpointError(
                .tensorMismatch,
                "\(directory)/\(file): has no tensor '\(tensor)', which the index names"
            )
        }
        return (shards, index.files)
    }

    /// The names of all tensors in the files, sorted; some may be of no use to the model.
    package var tensorNames: [String] { locations.keys.sorted() }

    /// A tensor as a view of its mapped file.
    package func tensor(named name: String) throws(CheckpointError) -> Tensor {
        guard let location = locations[name], let shard = shards[location] else {
            throw CheckpointError(.tensorMismatch, "\(directory): has no tensor '\(name)'")
        }
        return try shard.tensor(named: name)
    }

    private func checkTensors() throws(CheckpointError) {
        let faults = configuration.requiredTensors.compactMap { name, shape in fault(of: name, shape) }
        guard let first = faults.first else { return }
        let others = faults.count == 1 ? "" : " (and \(faults.count - 1) more tensors are missing or wrong)"
        throw CheckpointError(.tensorMismatch, first + others)
    }

    private func fault(of name: String, _ shape: Shape) -> String? {
        guard let location = locations[name], let shard = shards[location], let entry = shard.header.entries[name]
        else {
            if let other = MisnamedTensors(locations.keys, missing: name).reason { return "\(directory): \(other)" }
            return
                "\(directory): no file holds the tensor '\(name)', which a \(configuration.family.rawValue) model needs"
        }
        guard entry.shape == shape else {
            return "\(shard.path): tensor '\(name)' has shape \(entry.shape), but config.json asks for \(shape)"
        }
        guard let type = entry.elementType, type.isFloatingPoint else {
            return
                "\(shard.path): tensor '\(name)' has element type \(entry.dtype), but F32, F16 or BF16 is needed\(Self.isPacked(entry.dtype) ? ": the weights are quantized already" : "")"
        }
        return nil
    }

    /// Whether numbers of a type are what somebody quantised.
    private static func isPacked(_ dtype: String) -> Bool {
        ["I8", "U8", "I32", "U32"].contains(dtype) || dtype.hasPrefix("F8") || dtype.hasPrefix("F4")
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func hash(of path: String) throws(CheckpointError) -> String {
        do {
            let hash = try MappedFile(path: path).withBytes { bytes in
                bytes.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            }
            return String(hash, radix: 16)
        } catch {
            throw CheckpointError(.fileNotReadable, error.message, cause: error)
        }
    }
}
