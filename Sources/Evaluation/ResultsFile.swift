import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file to which a run appends each result, and from which a later run goes on.
///
/// The first line says which run it is of: `{"task": ..., "fingerprint": ...}`. A line that a killed run left half written
/// at the end is dropped; damage anywhere else is an error, so that no result is lost without notice.
final class ResultsFile: Sendable {
    private struct Header: Codable, Equatable {
        var task: String
        var fingerprint: String
    }

    private let path: String
    private let descriptor: CInt
    /// Those that were in the file when it was opened.
    let earlier: [EvaluationResult]

    /// Opens or makes the file and locks it against other runs.
    init(path: String, task: String, fingerprint: String) throws(EvaluationError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("cannot be opened", path) }
        do throws(EvaluationError) {
            guard Self.lock(descriptor) else {
                throw EvaluationError(
                    .invalidResults,
                    "\(path): another run writes it: wait for it, or choose another file"
                )
            }
            let header = Header(task: task, fingerprint: fingerprint)
            let (results, end) = try Self.read(path, header: header)
            guard ftruncate(descriptor, off_t(end)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
                throw Self.failure("cannot be shortened", path)
            }
            if end == 0 { try Self.append(header, to: descriptor, path) }
            earlier = results
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Waits for a second: a program that is just being started has a file for a moment that was closed here.
    private static func lock(_ descriptor: CInt) -> Bool {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(50_000)
        }
        return false
    }

    deinit { close(descriptor) }

    /// Adds a line with one write, so that a killed process leaves a part of it at most.
    func append(_ result: EvaluationResult) throws(EvaluationError) {
        try Self.append(result, to: descriptor, path)
    }

    private static func append(_ value: some Encodable, to descriptor: CInt, _ path: String) throws(EvaluationError) {
        let line = try Self.line(value, path)
        var done = 0
        while done < line.count {
            let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot be written", path) }
            done += count
        }
    }

    private static func line(_ value: some Encodable, _ path: String) throws(EvaluationError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? [UInt8](encoder.encode(value)) else {
            throw EvaluationError(.fileSystem, "\(path): a result cannot be written as JSON")
        }
        return line + [UInt8(ascii: "\n")]
    }

    /// The results in the file and the end of the last whole line.
    private static func read(_ path: String, header: Header) throws(EvaluationError) -> ([EvaluationResult], Int) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        } catch {
            throw EvaluationError.unreadable(.fileSystem, path, error)
        }
        var results: [EvaluationResult] = []
        var start = data.startIndex
        var number = 0
        while let end = data[start...].firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            let line = data[start..<end]
            if number == 1 {
                guard let found = try? JSONDecoder().decode(Header.self, from: line) else {
                    throw EvaluationError(.invalidResults, "\(path): is no file of results: choose another")
                }
                guard found == header else {
                    throw EvaluationError(
                        .invalidResults,
                        "\(path): holds results of another run (\(found.task), other problems or other settings): choose another file, or remove it to start again"
                    )
                }
            } else if let result = try? JSONDecoder().decode(EvaluationResult.self, from: line) {
                results.append(result)
            } else {
                throw EvaluationError(
                    .invalidResults,
                    "\(path):\(number): is no result: remove the line to ask that problem again"
                )
            }
            start = end + 1
        }
        // Before its first line is whole, a file is ours only if it begins as that line does.
        let first = try Self.line(header, path)
        guard number > 0 || first.starts(with: data) else {
            throw EvaluationError(.invalidResults, "\(path): is no file of results: choose another")
        }
        return (results, start - data.startIndex)
    }

    private static func failure(_ action: String, _ path: String) -> EvaluationError {
        EvaluationError(.fileSystem, "\(path): \(action): \(String(cString: strerror(errno)))")
    }
}
