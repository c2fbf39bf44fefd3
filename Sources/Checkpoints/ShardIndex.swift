/// `model.safetensors.index.json`: which file holds which tensor.
struct ShardIndex: Sendable {
    let path: String
    /// File name by tensor name.
    let files: [String: String]

    init(path: String) throws(CheckpointError) {
        let json = try JSONObject(readingFile: path)
        guard let map = try json.object("weight_map") else { throw json.malformed("weight_map", "is missing") }
        var files: [String: String] = [:]
        for (tensor, value) in map.members {
            guard case .string(let file) = value, Self.isPlainFileName(file) else {
                throw map.malformed(tensor, "should be the name of a file in the same folder")
            }
            files[tensor] = file
        }
        guard !files.isEmpty else { throw json.malformed("weight_map", "is empty") }
        self.path = path
        self.files = files
    }

    /// Whether a name stays in its folder.
    static func isPlainFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0)
    }
}
