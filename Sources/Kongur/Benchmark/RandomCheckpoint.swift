import Checkpoints
import Foundation
import InferenceEngine
import Tensors

/// Writes a checkpoint of a given shape with random weights: for measuring speed, which does not depend on them.
package enum RandomCheckpoint {
    /// Writes `config.json` with the text and `model.safetensors` in bfloat16 into a new folder.
    ///
    /// Matrices are normally distributed with a standard deviation of 0.02, vectors are 1. The same text and seed give the
    /// same bytes. The folder appears when it is complete, and takes the place only of one that this wrote. Throws when the
    /// text is no configuration, when there is something else, or the system's error.
    package static func write(configuration: String, to directory: String, seed: UInt64 = 1) throws {
        let replacement = try FolderReplacement(at: directory, form)
        let temporary = replacement.temporary
        let manager = FileManager.default
        try Data(configuration.utf8).write(to: URL(filePath: "\(temporary)/config.json"))
        let tensors = try ModelConfiguration(readingFile: "\(temporary)/config.json").requiredTensors
        let path = "\(temporary)/model.safetensors"
        guard manager.createFile(atPath: path, contents: nil) else {
            throw KongurError(.failed, "\(path): cannot be created")
        }
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        try file.write(contentsOf: header(tensors))
        var generator = Normal(seed: seed)
        for (_, shape) in tensors {
            var left = shape.elementCount
            while left > 0 {
                let count = min(left, 8 << 20)
                let one = BFloat16(1).bitPattern
                let numbers = shape.rank == 1 ? [UInt16](repeating: one, count: count) : generator.next(count)
                try numbers.withUnsafeBytes { try file.write(contentsOf: Data($0)) }
                left -= count
            }
        }
        try replacement.commit()
    }

    private static let form = FolderForm(name: "random weights", files: ["config.json", "model.safetensors"])

    private static func header(_ tensors: [(name: String, shape: Shape)]) -> Data {
        var entries: [String] = []
        var offset = 0
        for (name, shape) in tensors {
            let end = offset + 2 * shape.elementCount
            let dimensions = shape.dimensions.map(String.init).joined(separator: ",")
            entries.append(
                "\"\(name)\":{\"dtype\":\"BF16\",\"shape\":[\(dimensions)],\"data_offsets\":[\(offset),\(end)]}"
            )
            offset = end
        }
        var text = "{" + entries.joined(separator: ",") + "}"
        text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
        var data = Data()
        withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: text.utf8)
        return data
    }

    /// Normally distributed bfloat16 numbers: quantiles of the distribution, chosen by 12 random bits each.
    private struct Normal {
        private var state: UInt64
        private let quantiles: [UInt16]

        init(seed: UInt64) {
            state = seed
            quantiles = (0..<4096).map { index in
                BFloat16(Float(0.02 * Self.quantile((Double(index) + 0.5) / 4096))).bitPattern
            }
        }

        mutating func next(_ count: Int) -> [UInt16] {
            [UInt16](unsafeUninitializedCapacity: count) { buffer, written in
                for start in stride(from: 0, to: count, by: 4) {
                    var bits = RandomSource.mix(state)
                    state &+= 0x9E37_79B9_7F4A_7C15
                    for index in start..<min(start + 4, count) {
                        buffer.initializeElement(at: index, to: quantiles[Int(bits & 4095)])
                        bits >>= 16
                    }
                }
                written = count
            }
        }

        /// The number below which a share `p` of a standard normal distribution lies, by bisection of its integral.
        private static func quantile(_ p: Double) -> Double {
            // Simpson's rule over 64 pieces is exact to 1e-9 within six deviations.
            func below(_ x: Double) -> Double {
                let step = x / 64
                func density(_ t: Double) -> Double { exp(-t * t / 2) * 0.3989422804014327 }
                var sum = density(0) + density(x)
                for index in 1..<64 { sum += (index % 2 == 0 ? 2 : 4) * density(Double(index) * step) }
                return 0.5 + sum * step / 3
            }
            var (low, high) = (-6.0, 6.0)
            for _ in 0..<40 {
                let middle = (low + high) / 2
                if below(middle) < p { low = middle } else { high = middle }
            }
            return (low + high) / 2
        }
    }
}
