import Tokenizers

/// Tells calls of tools from the rest of an answer: objects with `name` and `arguments` between `<tool_call>` and
/// `</tool_call>`, as the templates of Qwen and Hermes ask for them, and JSON of a call's form without tags, as those of Llama
/// 3 do.
///
/// Works on the answer alone, after `ReasoningSplitter`: what looks like a call in thinking is none. Pieces may end inside
/// a tag. What it decides:
///
/// - A call names a tool that there is, in one of the forms of `ToolCallForm`. It is told when it is complete. What is no call
///   is text, tags included: nothing is lost.
/// - JSON without tags is a call, or a list of calls, at the beginning of a line, alone or in a fenced block, when it has
///   arguments and no members but those of a call.
/// - Where the answer is held to calls, what comes can only be one. The first is told as it comes, also if it ends early; what
///   is cut short after that is passed over.
/// - A call that asks for the same as one before ends an answer that is held to calls, and is none; in other answers the third
///   in a row does.
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
    /// More white space than this is text, wherever it stands.
    private static let mostSpace = 16

    /// All text so far that is no call.
    package private(set) var text = ""
    package private(set) var calls: [ToolCall] = []
    /// Whether nothing may come any more, since there is the one call that is allowed.
    package private(set) var isFinished = false
    private var tools: CallableTools
    private let isHeldToCalls: Bool
    /// What is not told; in a call that is everything from the white space before its opening on.
    private var held: [UInt8] = []
    /// What may be a call, by places in `held`; nil outside of one.
    private var opening: ToolCallOpening?
    /// Whether nothing but blanks was told of the line that `held` begins in.
    private var isLineBlank = true
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
        while let opening, !isFinished {
            if scanner.state == .complete, end(opening, isLast: true, &pieces) { continue }
            if isHeldToCalls { break }
            // JSON that has not ended is read once, not again from each of its lines.
            if scanner.state == .open, opening.kind != .tag { tools.readsBareCalls = false }
            reject(opening, &pieces)
            while advance(&pieces) {}
        }
        if isHeldToCalls {
            endCall()
            held = []
        }
        emitText(held.count, &pieces)
        return pieces
    }

    /// Works on what is held; false when it must wait for more.
    private mutating func advance(_ pieces: inout [Piece]) -> Bool {
        guard let opening else { return findCall(&pieces) }
        while scanner.state == .open, opening.json + scanned < held.count {
            scanner.advance(held[opening.json + scanned])
            scanned += 1
        }
        if isHeldToCalls, calls.isEmpty || toldArguments != nil, scanner.state != .malformed {
            tell(from: opening.json, &pieces)
        }
        switch scanner.state {
        case .open:
            guard opening.kind != .tag, !scanner.objects.allSatisfy(ToolCallForm.mayBeCall) else { return false }
            reject(opening, &pieces)
        case .malformed: reject(opening, &pieces)
        case .complete: return end(opening, isLast: false, &pieces)
        }
        return true
    }

    private mutating func findCall(_ pieces: inout [Piece]) -> Bool {
        let search = ToolCallOpening.first(
            in: held,
            isLineBlank: isLineBlank,
            readsBareCalls: tools.readsBareCalls && !isHeldToCalls
        )
        switch search {
        case .found(var found):
            let count = held.count
            emitText(found.start - spaces(before: found.start), &pieces)
            let told = count - held.count
            (found.start, found.json) = (found.start - told, found.json - told)
            opening = found
            (scanner, scanned) = (ToolCallScanner(allowsList: found.allowsList), 0)
            return true
        // White space waits: it may stand before a call.
        case .undecided(let index): emitText(index - spaces(before: index), &pieces)
        case .none: emitText(held.count - spaces(before: held.count), &pieces)
        }
        return false
    }

    private func spaces(before end: Int) -> Int {
        let count = held[..<end].reversed().prefix(while: \.isJSONSpace).count
        return count > Self.mostSpace || count == end && endsInSpace ? 0 : count
    }

    // MARK: Calls

    /// Tells as much of a call as has come and is sure to be one.
    private mutating func tell(from start: Int, _ pieces: inout [Piece]) {
        guard let object = scanner.objects.first, let name = object.value("name"), let nameEnd = name.end,
            let arguments = object.value("arguments")
        else { return }
        if toldArguments == nil {
            guard let name = try? JSONValue(parsing: Array(held[start + name.start..<start + nameEnd]), name: "name"),
                let name = name.string
            else { return }
            begin(name, &pieces)
        }
        let end = start + (arguments.end ?? scanned)
        tellArguments(held[start + arguments.start + (toldArguments ?? 0)..<end], &pieces)
    }

    /// Ends JSON that is complete, as calls or as text; false when it must wait for what follows.
    private mutating func end(_ opening: ToolCallOpening, isLast: Bool, _ pieces: inout [Piece]) -> Bool {
        switch opening.end(in: held, after: opening.json + scanned, isLast: isLast) {
        case .undecided: return false
        case .at(let end) where accept(opening, &pieces): held.removeFirst(min(end, held.count))
        case .at, .none: reject(opening, &pieces)
        }
        return true
    }

    /// Tells what of complete calls is not told yet; false when they are none.
    private mutating func accept(_ opening: ToolCallOpening, _ pieces: inout [Piece]) -> Bool {
        if toldArguments == nil {
            let json = Array(held[opening.json..<opening.json + scanned])
            let found = scanner.objects.map {
                ToolCallForm.call($0, of: json, tools, isTagged: opening.kind == .tag)
            }
            guard !found.isEmpty, found.allSatisfy({ $0 != nil }) else { return false }
            for call in found.compactMap(\.self) where !isFinished { add(call, &pieces) }
        } else {
            endToldCall()
        }
        endCall()
        if space?.bytes.isEmpty ?? true {
            let before = Array(held[..<opening.start])
            space = (before, isBefore: !before.isEmpty)
        }
        // Another call may follow in the same line.
        isLineBlank = true
        return true
    }

    private mutating func add(_ call: ToolCall, _ pieces: inout [Piece]) {
        let repeated =
            isHeldToCalls
            ? calls.contains { $0.asksSame(as: call) }
            : calls.count > 1 && calls.suffix(2).allSatisfy { $0.asksSame(as: call) }
        guard !repeated else {
            isFinished = true
            return
        }
        begin(call.name, &pieces)
        tellArguments(Array(call.arguments.utf8)[...], &pieces)
        endToldCall()
    }

    private mutating func endToldCall() {
        calls[calls.count - 1].isComplete = true
        isFinished = !tools.isParallel
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
        (opening, toldArguments) = (nil, nil)
    }

    /// What began like a call is text: its opening is passed on, and what follows is looked at anew.
    private mutating func reject(_ opening: ToolCallOpening, _ pieces: inout [Piece]) {
        emitText(opening.rejectedEnd, &pieces)
        endCall()
    }

    private mutating func emitText(_ count: Int, _ pieces: inout [Piece]) {
        var bytes = Array(held.prefix(count))
        held.removeFirst(count)
        let lineStart = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
        isLineBlank = (lineStart != nil || isLineBlank) && bytes[(lineStart ?? 0)...].allSatisfy(\.isJSONSpace)
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
