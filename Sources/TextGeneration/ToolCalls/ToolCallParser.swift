import Tokenizers

/// Tells calls of tools from the rest of an answer: objects with `name` and `arguments` between `<tool_call>` and
/// `</tool_call>`, as the templates of Qwen and Hermes ask for them.
///
/// Works on the answer alone, after `ReasoningSplitter`: what looks like a call in thinking is none. Pieces may end inside
/// a tag. What it decides:
///
/// - A call names a tool that there is, and its arguments are a JSON object, or such an object in a string; a call without
///   arguments has an empty one. It is told when it is complete. What is no call is text, tags included: nothing is lost.
/// - Where the answer is held to calls, what comes can only be one. It is told as it comes, and is told even if it ends early.
/// - At the end of the answer the closing tag may be missing.
/// - White space around a call belongs to it, except that what stands before a call stays between the texts around it.
package struct ToolCallParser: Sendable {
    package enum Piece: Sendable, Hashable {
        case text(String)
        /// Calls are numbered from 0.
        case call(index: Int, name: String)
        /// What follows in the arguments of a call.
        case arguments(index: Int, String)
    }

    package static let openingTag = "<tool_call>"
    package static let closingTag = "</tool_call>"
    private static let opening = Array(openingTag.utf8)
    private static let closing = Array(closingTag.utf8)
    /// More white space than this is text, wherever it stands.
    private static let mostSpace = 16

    /// All text so far that is no call.
    package private(set) var text = ""
    package private(set) var calls: [ToolCall] = []
    /// Whether nothing may come any more, since there is the one call that is allowed.
    package private(set) var isFinished = false
    private let tools: CallableTools
    private let isHeldToCalls: Bool
    /// What is not told; in a call that is everything from the white space before its tag on.
    private var held: [UInt8] = []
    /// Where the object of the call begins in `held`; nil outside of a call.
    private var callStart: Int?
    private var scanner = ToolCallScanner()
    private var scanned = 0
    /// How many bytes of the arguments are told; nil while the call is not.
    private var toldArguments: Int?
    /// What stands between the text so far and the text after the last call; nil when there was text since.
    ///
    /// What stands before the call counts, and what stands behind it where there is nothing before.
    private var space: (bytes: [UInt8], isBefore: Bool)?
    /// Whether what was passed on last is more white space than may belong to a call.
    private var endsInSpace = false

    package init(_ tools: CallableTools, isHeldToCalls: Bool = false) {
        self.tools = tools
        self.isHeldToCalls = isHeldToCalls
    }

    /// Adds text and returns what is decided.
    package mutating func append(_ text: String) -> [Piece] {
        guard !isFinished else { return [] }
        held.append(contentsOf: text.utf8)
        var pieces: [Piece] = []
        while !isFinished, advance(&pieces) {}
        return pieces
    }

    /// Ends the answer and returns what was held back.
    package mutating func finish() -> [Piece] {
        guard !isFinished else { return [] }
        var pieces: [Piece] = []
        while let start = callStart {
            let rest = held[(start + scanned)...].drop(while: \.isJSONSpace)
            if scanner.state == .complete, Self.closing.starts(with: rest), accept(from: start, &pieces) {
                held = []
            } else if toldArguments != nil {
                endCall()
                held = []
            } else {
                reject(start, &pieces)
                while advance(&pieces) {}
            }
        }
        emitText(held.count, &pieces)
        return pieces
    }

    /// Works on what is held; false when it must wait for more.
    private mutating func advance(_ pieces: inout [Piece]) -> Bool {
        guard let start = callStart else { return findCall(&pieces) }
        while scanner.state == .open, start + scanned < held.count {
            scanner.advance(held[start + scanned])
            scanned += 1
        }
        if isHeldToCalls, scanner.state != .malformed { tell(from: start, &pieces) }
        switch scanner.state {
        case .open: return false
        case .malformed: reject(start, &pieces)
        case .complete:
            let rest = held[(start + scanned)...].drop(while: \.isJSONSpace)
            if rest.starts(with: Self.closing), accept(from: start, &pieces) {
                held.removeFirst(rest.startIndex + Self.closing.count)
                return true
            }
            if rest.count < Self.closing.count, Self.closing.starts(with: rest) { return false }
            reject(start, &pieces)
        }
        return true
    }

    private mutating func findCall(_ pieces: inout [Piece]) -> Bool {
        if let tag = held.firstRange(of: Self.opening) {
            emitText(tag.lowerBound - spaces(before: tag.lowerBound), &pieces)
            callStart = (held.firstRange(of: Self.opening) ?? tag).upperBound
            (scanner, scanned) = (ToolCallScanner(), 0)
            return true
        }
        let tag = (1..<Self.opening.count).last { held.suffix($0) == Self.opening.prefix($0) } ?? 0
        // White space waits: it may stand before a call.
        emitText(held.count - tag - spaces(before: held.count - tag), &pieces)
        return false
    }

    private func spaces(before end: Int) -> Int {
        let count = held[..<end].reversed().prefix(while: \.isJSONSpace).count
        return count > Self.mostSpace || count == end && endsInSpace ? 0 : count
    }

    /// The text and the calls of a whole answer.
    static func parse(_ answer: String, _ tools: CallableTools, isHeldToCalls: Bool) -> ToolCallParser {
        var parser = ToolCallParser(tools, isHeldToCalls: isHeldToCalls)
        _ = parser.append(answer)
        _ = parser.finish()
        return parser
    }

    // MARK: Calls

    /// Tells as much of a call as has come and is sure to be one.
    private mutating func tell(from start: Int, _ pieces: inout [Piece]) {
        guard let name = scanner.name, let nameEnd = name.end, let arguments = scanner.arguments else { return }
        if toldArguments == nil {
            guard let name = try? JSONValue(parsing: Array(held[start + name.start..<start + nameEnd]), name: "name"),
                let name = name.string
            else { return }
            begin(name, &pieces)
        }
        let end = start + (arguments.end ?? scanned)
        tellArguments(held[start + arguments.start + (toldArguments ?? 0)..<end], &pieces)
    }

    /// Tells what of a complete call is not told yet; false when it is no call.
    private mutating func accept(from start: Int, _ pieces: inout [Piece]) -> Bool {
        if toldArguments == nil {
            guard let (name, arguments) = call(Array(held[start..<start + scanned])) else { return false }
            begin(name, &pieces)
            tellArguments(Array(arguments.utf8)[...], &pieces)
        }
        calls[calls.count - 1].isComplete = true
        endCall()
        if space?.bytes.isEmpty ?? true {
            let before = Array(held[..<(start - Self.opening.count)])
            space = (before, isBefore: !before.isEmpty)
        }
        isFinished = !tools.isParallel
        return true
    }

    private func call(_ object: [UInt8]) -> (name: String, arguments: String)? {
        guard let value = try? JSONValue(parsing: object, name: "call"), let name = value["name"]?.string,
            tools.names.contains(name)
        else { return nil }
        switch value["arguments"] {
        case nil, .null: return (name, "{}")
        case .string(let text):
            guard let arguments = try? JSONValue(parsing: text), arguments.object != nil else { return nil }
            return (name, text)
        case .object:
            guard let place = scanner.arguments, let end = place.end else { return nil }
            return (name, String(decoding: object[place.start..<end], as: UTF8.self))
        default: return nil
        }
    }

    private mutating func begin(_ name: String, _ pieces: inout [Piece]) {
        pieces.append(.call(index: calls.count, name: name))
        calls.append(ToolCall(name: name, arguments: "", isComplete: false))
        toldArguments = 0
    }

    private mutating func tellArguments(_ bytes: ArraySlice<UInt8>, _ pieces: inout [Piece]) {
        guard !bytes.isEmpty else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        toldArguments = (toldArguments ?? 0) + bytes.count
        calls[calls.count - 1].arguments += text
        pieces.append(.arguments(index: calls.count - 1, text))
    }

    private mutating func endCall() {
        (callStart, toldArguments) = (nil, nil)
    }

    /// What began like a call is text: its tag is passed on, and what follows is looked at anew.
    private mutating func reject(_ start: Int, _ pieces: inout [Piece]) {
        emitText(start, &pieces)
        endCall()
    }

    private mutating func emitText(_ count: Int, _ pieces: inout [Piece]) {
        var bytes = Array(held.prefix(count))
        held.removeFirst(count)
        if var between = space {
            let visible = bytes.drop(while: \.isJSONSpace)
            if !between.isBefore { between.bytes += bytes.prefix(visible.startIndex) }
            space = visible.isEmpty ? between : nil
            bytes = visible.isEmpty ? [] : text.isEmpty ? Array(visible) : between.bytes + visible
        }
        guard !bytes.isEmpty else { return }
        let spaces = bytes.reversed().prefix(while: \.isJSONSpace).count
        endsInSpace = spaces > Self.mostSpace || spaces == bytes.count && endsInSpace
        let piece = String(decoding: bytes, as: UTF8.self)
        text += piece
        pieces.append(.text(piece))
    }
}
