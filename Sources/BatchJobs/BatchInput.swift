/// The lines of a file, found in one pass that holds one of them at a time.
package struct BatchInput: Sendable {
    package struct Limits: Sendable, Hashable {
        package var lines: Int
        /// Bytes of one line.
        package var lineByteCount: Int

        package init(lines: Int, lineByteCount: Int) {
            self.lines = lines
            self.lineByteCount = lineByteCount
        }
    }

    /// Faults beyond this many are not told.
    private static let mostFaults = 100

    package private(set) var lines: [BatchLine] = []
    /// What is wrong with the file; nothing of it can be asked then.
    package private(set) var faults: [Batch.Fault] = []

    /// A file that cannot be read at all.
    package init(fault: Batch.Fault) { faults = [fault] }

    /// Reads a file whose lines ask one of `urls`; `check` may find more that is wrong with one.
    ///
    /// Takes as long as parsing the file does. Throws `BatchError` when it cannot be read.
    package init(
        _ file: ReadFile,
        urls: [String],
        limits: Limits,
        check: (BatchRequest) throws(Batch.Fault) -> Void = { (_) throws(Batch.Fault) in }
    ) throws(BatchError) {
        var names: Set<String> = []
        var reader = LineReader(file, longest: limits.lineByteCount)
        while let line = try reader.next() {
            if lines.count == limits.lines {
                add(Batch.Fault("too_many_tasks", "the file has more than \(limits.lines) lines: divide it"))
                break
            }
            do throws(Batch.Fault) {
                guard let bytes = line.bytes else {
                    throw Batch.Fault("invalid_json_line", "the line is longer than \(limits.lineByteCount) bytes")
                }
                let request = try BatchRequest(bytes, urls: urls)
                guard names.insert(request.customID).inserted else {
                    throw Batch.Fault(
                        "duplicate_custom_id",
                        "an earlier line has the same 'custom_id'",
                        param: "custom_id"
                    )
                }
                try check(request)
                lines.append(
                    BatchLine(
                        number: line.number,
                        offset: line.offset,
                        byteCount: bytes.count,
                        customID: request.customID
                    )
                )
            } catch {
                var fault = error
                fault.line = line.number
                add(fault)
            }
            if faults.count == Self.mostFaults { break }
        }
        if lines.isEmpty, faults.isEmpty { add(Batch.Fault("empty_file", "the file has no lines")) }
    }

    private mutating func add(_ fault: Batch.Fault) { faults.append(fault) }
}

/// The lines of a file that are not empty.
struct LineReader {
    struct Line {
        var number: Int
        var offset: Int
        /// Without its end; nil when it is too long.
        var bytes: [UInt8]?
    }

    private let file: ReadFile
    private let longest: Int
    /// Bytes read and not yet given, and where they are in the file.
    private var buffer: ArraySlice<UInt8> = []
    private var offset = 0
    private var number = 0
    private var isAtEnd = false

    init(_ file: ReadFile, longest: Int) {
        self.file = file
        self.longest = longest
    }

    mutating func next() throws(BatchError) -> Line? {
        while true {
            let start = offset
            var line: [UInt8] = []
            var isTooLong = false
            var isEnded = false
            while !isEnded {
                if buffer.isEmpty {
                    guard !isAtEnd else { break }
                    buffer = try file.read(at: offset, count: 1 << 18)[...]
                    isAtEnd = buffer.isEmpty
                    continue
                }
                let end = buffer.firstIndex(of: UInt8(ascii: "\n"))
                let part = buffer[..<(end ?? buffer.endIndex)]
                isTooLong = isTooLong || line.count + part.count > longest
                if isTooLong { line = [] } else { line += part }
                offset += part.count + (end == nil ? 0 : 1)
                buffer = end.map { buffer[($0 + 1)...] } ?? []
                isEnded = end != nil
            }
            guard isEnded || offset > start else { return nil }
            number += 1
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if isTooLong { return Line(number: number, offset: start, bytes: nil) }
            if line.contains(where: { $0 != 0x20 && $0 != 0x09 }) {
                return Line(number: number, offset: start, bytes: line)
            }
        }
    }
}
