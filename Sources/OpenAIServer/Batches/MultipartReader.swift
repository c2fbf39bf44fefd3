/// Reads `multipart/form-data` (RFC 7578) as it comes, in whatever pieces.
///
/// Holds a piece, the head of a part, and a delimiter's length; never a part.
struct MultipartReader {
    enum Event: Hashable {
        /// A part begins; nil is a field without a file's name.
        case part(name: String, filename: String?)
        /// Some bytes of the part.
        case bytes([UInt8])
    }

    struct Failure: Error, Hashable {
        var message: String

        init(_ message: String) { self.message = message }
    }

    private enum State {
        case preamble
        /// Behind a delimiter.
        case delimiter
        case head
        case content
        case end
    }

    private static let longestHead = 8 << 10
    private static let longestPreamble = 8 << 10
    private static let lineEnd: [UInt8] = Array("\r\n".utf8)

    private let delimiter: [UInt8]
    private var state = State.preamble
    /// Bytes that have not been told yet; it begins as if a line had ended, as delimiters do.
    private var buffer = ArraySlice(MultipartReader.lineEnd)

    /// Throws when the type is another one, or has no boundary of 1 to 70 characters.
    init(contentType: String) throws(Failure) {
        let parameters = HeaderParameters(contentType)
        guard parameters.value.lowercased() == "multipart/form-data" else {
            throw Failure("the body is multipart/form-data with a part 'file' and a field 'purpose'")
        }
        guard let boundary = parameters["boundary"], (1...70).contains(boundary.utf8.count) else {
            throw Failure("Content-Type must name a boundary of 1 to 70 characters")
        }
        delimiter = Array("\r\n--\(boundary)".utf8)
    }

    /// Takes the next piece, and tells what is in it.
    mutating func append(_ piece: [UInt8]) throws(Failure) -> [Event] {
        buffer += piece
        var events: [Event] = []
        while try step(&events) {}
        // Indices begin anew with each piece.
        buffer = ArraySlice(Array(buffer))
        return events
    }

    /// Throws when the body ended before its last delimiter.
    func finish() throws(Failure) {
        guard case .end = state else { throw Failure("the body is cut short: its last delimiter is missing") }
    }

    /// Goes on by one state; false when more has to come first.
    private mutating func step(_ events: inout [Event]) throws(Failure) -> Bool {
        switch state {
        case .preamble:
            guard let start = find(delimiter) else {
                guard buffer.count < Self.longestPreamble else {
                    throw Failure("the body has no part at its beginning")
                }
                return false
            }
            buffer = buffer[(start + delimiter.count)...]
            state = .delimiter
        case .delimiter:
            // White space may follow a delimiter.
            buffer = buffer.drop { $0 == 0x20 || $0 == 0x09 }
            guard buffer.count >= 2 else { return false }
            if buffer.starts(with: Array("--".utf8)) {
                state = .end
            } else if buffer.starts(with: Self.lineEnd) {
                // It stays: a head of nothing is an empty line and no more.
                state = .head
            } else {
                throw Failure("a delimiter is followed by something else than the end of its line")
            }
        case .head:
            guard let end = find(Array("\r\n\r\n".utf8)) else {
                guard buffer.count < Self.longestHead else { throw Failure("the head of a part is too long") }
                return false
            }
            guard end - buffer.startIndex < Self.longestHead else { throw Failure("the head of a part is too long") }
            events.append(try Self.part(buffer[..<end]))
            buffer = buffer[(end + 4)...]
            state = .content
        case .content:
            let end = find(delimiter)
            // What may be the beginning of a delimiter waits for more.
            let kept = end ?? max(buffer.startIndex, buffer.endIndex - delimiter.count)
            if kept > buffer.startIndex { events.append(.bytes(Array(buffer[..<kept]))) }
            buffer = buffer[kept...]
            guard end != nil else { return false }
            buffer = buffer.dropFirst(delimiter.count)
            state = .delimiter
        case .end:
            // What follows the last delimiter says nothing.
            buffer = []
            return false
        }
        return true
    }

    private func find(_ pattern: [UInt8]) -> Int? {
        let first = buffer.startIndex
        return buffer.withUnsafeBufferPointer { bytes in
            var start = 0
            while start + pattern.count <= bytes.count {
                guard let next = bytes[start...].firstIndex(of: pattern[0]), next + pattern.count <= bytes.count else {
                    return nil
                }
                if bytes[next..<next + pattern.count].elementsEqual(pattern) { return first + next }
                start = next + 1
            }
            return nil
        }
    }

    private static func part(_ head: ArraySlice<UInt8>) throws(Failure) -> Event {
        guard let text = String(validating: head, as: UTF8.self) else {
            throw Failure("the head of a part is not UTF-8")
        }
        for line in text.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "content-disposition" else {
                continue
            }
            let parameters = HeaderParameters(String(line[line.index(after: colon)...]))
            guard parameters.value.lowercased() == "form-data", let name = parameters["name"] else { break }
            return .part(name: name, filename: parameters["filename"])
        }
        throw Failure("a part has no name: Content-Disposition is form-data; name=\"...\"")
    }
}

/// The value of a header field and its parameters: `form-data; name="file"`.
struct HeaderParameters {
    private(set) var value: String
    private var parameters: [String: String] = [:]

    init(_ text: String) {
        var rest = text[...]
        value = Self.trimmed(rest.prefix { $0 != ";" })
        rest = rest.drop { $0 != ";" }
        while rest.first == ";" {
            rest = rest.dropFirst()
            let name = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest[name.endIndex...]
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst().drop { $0 == " " }
            var value = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                while let character = rest.first, character != "\"" {
                    rest = rest.dropFirst()
                    // Browsers write a quotation mark as %22, others put a backslash before it.
                    if character == "\\", let next = rest.first, next == "\"" || next == "\\" {
                        value.append(next)
                        rest = rest.dropFirst()
                    } else {
                        value.append(character)
                    }
                }
                rest = rest.drop { $0 != ";" }
            } else {
                let word = rest.prefix { $0 != ";" }
                value = Self.trimmed(word)
                rest = rest[word.endIndex...]
            }
            parameters[Self.trimmed(name).lowercased()] = value
        }
    }

    subscript(name: String) -> String? { parameters[name] }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        let count = start.reversed().prefix { $0 == " " || $0 == "\t" }.count
        return String(start.dropLast(count))
    }
}
