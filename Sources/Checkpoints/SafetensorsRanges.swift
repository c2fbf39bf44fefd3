import Tensors

/// Where the tensors of a safetensors file stand in it.
package enum SafetensorsRanges {
    /// In the order of the file; none for a file that is not a sound one.
    package static func read(_ path: String) -> [Range<Int>] {
        guard path.hasSuffix(".safetensors"), let file = try? SafetensorsFile(path: path) else { return [] }
        return file.header.entries.values.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
    }
}
