import Checkpoints
import Crypto
import DeviceRuntime
import Foundation
import Tensors

/// The files that a model is compiled from, told from others by what is in them.
struct SourceFiles {
    private let paths: [String]
    /// In the order of their names.
    let states: [FileState]

    /// The configuration and the weights of a checkpoint; an ONNX file with its configuration and what lies beside it.
    init(_ location: ModelLocator.Location) throws {
        let folder = location.folder
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw KongurError(.invalidModel, "\(folder): cannot be read: \(error.systemReason)", cause: error)
        }
        let graph: String? = if case .onnx(let path) = location { PartialName.parts(of: path).name } else { nil }
        let used = names.filter { name in
            if ["config.json", "generation_config.json"].contains(name) || name == graph { return true }
            guard graph != nil else {
                return name.hasSuffix(".safetensors") || name.hasSuffix(".safetensors.index.json")
            }
            // The graph names its data files as it likes.
            return ![".json", ".txt", ".jinja", ".md", ".onnx", ".safetensors", ".npy", ".svg", ".py", ".model"]
                .contains { name.hasSuffix($0) } && !name.hasPrefix(".")
        }
        paths = used.map { "\(folder)/\($0)" }
        states = paths.compactMap { FileState($0) }
    }

    /// A hash of samples: all of small files, and of large ones the ends, bytes at even distances, and the beginning,
    /// middle and end of each tensor.
    ///
    /// Cost: some reads for each tensor, whatever its size.
    func sample() throws -> String { try hash(Self.sampled) }

    /// A hash of every byte.
    func whole() throws -> String {
        let piece = 8 << 20
        return try hash { _, byteCount in
            stride(from: 0, to: byteCount, by: piece).map { $0..<min($0 + piece, byteCount) }
        }
    }

    /// A hash of the names, the sizes and some ranges of all files.
    private func hash(_ ranges: (_ path: String, _ byteCount: Int) -> [Range<Int>]) throws -> String {
        var hash = SHA256()
        for path in paths {
            guard let state = FileState(path) else { continue }
            hash.update(data: Data("\(state.name) \(state.byteCount)\n".utf8))
            let file = try Self.open(path)
            defer { try? file.close() }
            for range in ranges(path, state.byteCount) { hash.update(data: try Self.read(file, range, path)) }
        }
        return Data(hash.finalize()).hexadecimal
    }

    private static func sampled(_ path: String, _ byteCount: Int) -> [Range<Int>] {
        let end = 64 << 10
        guard byteCount > 8 * end else { return [0..<byteCount] }
        var ranges = [0..<end, byteCount - end..<byteCount]
        let spots = 256
        for spot in 1..<spots {
            let start = byteCount / spots * spot
            ranges.append(start..<start + 256)
        }
        for tensor in SafetensorsRanges.read(path) where !tensor.isEmpty {
            let count = min(tensor.count, 128)
            for start in [tensor.lowerBound, tensor.lowerBound + (tensor.count - count) / 2, tensor.upperBound - count]
            {
                ranges.append(start..<start + count)
            }
        }
        return ranges
    }

    private static func open(_ path: String) throws -> FileHandle {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw KongurError(.invalidModel, "\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        return file
    }

    private static func read(_ file: FileHandle, _ range: Range<Int>, _ path: String) throws -> Data {
        var data = Data(count: range.count)
        let count = data.withUnsafeMutableBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = pread(
                    file.fileDescriptor,
                    buffer.baseAddress.map { $0 + done },
                    buffer.count - done,
                    off_t(range.lowerBound + done)
                )
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                done += count
            }
            return done
        }
        guard count == range.count else {
            throw KongurError(.invalidModel, "\(path): cannot be read, or is being written")
        }
        return data
    }
}

extension Data {
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
