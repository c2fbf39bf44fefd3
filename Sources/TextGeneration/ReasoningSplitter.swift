/// Tells a model's thinking from its answer by the tags around it, `<think>` and `</think>` by default.
///
/// Works on decoded text, since in many vocabularies the tags are no tokens, and ">" merges with what follows. Pieces may
/// end inside a tag. What it decides:
///
/// - Text before `<think>` ("Sure, let me think:") is thinking too. It is held back, up to `preambleLimit` bytes, until
///   a tag says so; text that is longer, or ends without a tag, is the answer.
/// - A closing tag without an opening one ends thinking that began with the text.
/// - When a first tag comes after text was passed on as answer, `reasoning` and `answer` are right in the end, although
///   pieces that have been given cannot be taken back.
/// - Without a closing tag everything is thinking, and the answer is empty.
/// - Tags after the thinking has ended are part of the answer, and an opening tag inside thinking is part of it.
/// - Where no preamble is allowed, text that does not begin with `<think>` is the answer, whatever is in it.
/// - Line breaks just inside the tags and after the closing one belong to the tags.
package struct ReasoningSplitter: Sendable {
    /// How the text begins, as far as the prompt says.
    package enum Opening: Sendable, Hashable {
        /// The prompt says nothing.
        case undecided
        /// The prompt ends with an opening tag: the text begins inside.
        case reasoning
        /// The prompt ends with a closed thought, or tags mean nothing: all is answer.
        case answer
    }

    package enum Piece: Sendable, Hashable {
        case reasoning(String)
        case answer(String)
    }

    private enum Phase {
        /// No tag yet, and all text is held back.
        case preamble
        /// No tag yet, and text is passed on as answer.
        case plain
        case reasoning
        case answer
    }

    package static let openingTag = "<think>"
    package static let closingTag = "</think>"

    /// All thinking so far.
    package private(set) var reasoning = ""
    /// All of the answer so far.
    package private(set) var answer = ""
    private var phase: Phase
    private var held: [UInt8] = []
    private let opening: [UInt8]
    private let closing: [UInt8]
    private let preambleLimit: Int
    private let allowsPreamble: Bool
    /// Set while line breaks belong to the tag before them.
    private var skipsLineBreaks: Bool
    private let beginsInside: Bool

    package init(
        _ start: Opening = .undecided,
        openingTag: String = Self.openingTag,
        closingTag: String = Self.closingTag,
        preambleLimit: Int = 256,
        allowsPreamble: Bool = true
    ) {
        precondition(!openingTag.isEmpty && !closingTag.isEmpty)
        opening = Array(openingTag.utf8)
        closing = Array(closingTag.utf8)
        self.preambleLimit = preambleLimit
        self.allowsPreamble = allowsPreamble
        beginsInside = start == .reasoning
        skipsLineBreaks = beginsInside
        phase =
            switch start {
            case .undecided: .preamble
            case .reasoning: .reasoning
            case .answer: .answer
            }
    }

    /// Whether what comes next is thinking, as far as is known.
    package var isReasoning: Bool { phase == .reasoning }

    /// What ends the thinking here as models write it: the closing tag, or the rest of it, on a line of its own, and an
    /// empty line.
    ///
    /// A thought without a word is an empty line between the tags, as templates write it for models that shall not think.
    var ending: String {
        let tag = beginning(of: closing)
        let rest = String(decoding: closing.dropFirst(tag), as: UTF8.self) + "\n\n"
        guard tag == 0 else { return rest }
        let lineBreaks = held.reversed().prefix { Self.isLineBreak($0) }.count
        // A prompt that opens the thought has a line break behind the tag.
        let needed = reasoning.isEmpty && !beginsInside ? 2 : 1
        return String(repeating: "\n", count: max(0, needed - lineBreaks)) + rest
    }

    /// How a text begins that follows this prompt.
    package static func opening(after prompt: String) -> Opening {
        var tail = Substring(prompt)
        while let last = tail.last, last.isWhitespace { tail.removeLast() }
        if tail.hasSuffix(openingTag) { return .reasoning }
        if tail.hasSuffix(closingTag) { return .answer }
        return .undecided
    }

    /// Adds text and returns what is decided.
    package mutating func append(_ text: String) -> [Piece] {
        held.append(contentsOf: text.utf8)
        var pieces: [Piece] = []
        while advance(&pieces) {}
        return pieces
    }

    /// Ends the text and returns what was held back.
    package mutating func finish() -> [Piece] {
        var pieces: [Piece] = []
        switch phase {
        case .preamble, .plain, .answer: emitAnswer(held.count, &pieces)
        case .reasoning:
            let lineBreaks = held.reversed().prefix { Self.isLineBreak($0) }.count
            emitReasoning(held.count - lineBreaks, &pieces)
        }
        held = []
        return pieces
    }

    /// Works on what is held; false when it must wait for more.
    private mutating func advance(_ pieces: inout [Piece]) -> Bool {
        switch phase {
        case .preamble where !allowsPreamble && decidesWithoutPreamble():
            return true
        case .preamble, .plain:
            let (open, close) = (held.firstRange(of: opening), held.firstRange(of: closing))
            if let close, close.lowerBound < open?.lowerBound ?? .max {
                adoptAnswer()
                return endReasoning(close, &pieces)
            }
            if let open {
                adoptAnswer()
                emitReasoning(open.lowerBound, &pieces)
                held.removeFirst(opening.count)
                skipsLineBreaks = true
                phase = .reasoning
                return true
            }
            if phase == .preamble {
                guard held.count > preambleLimit else { return false }
                phase = .plain
            }
            emitAnswer(held.count - max(beginning(of: opening), beginning(of: closing)), &pieces)
            return false
        case .reasoning:
            if let close = held.firstRange(of: closing) { return endReasoning(close, &pieces) }
            let tag = beginning(of: closing)
            // Line breaks wait: they may stand before the closing tag. So many do not.
            let lineBreaks = held.dropLast(tag).reversed().prefix { Self.isLineBreak($0) }.count
            emitReasoning(held.count - tag - (lineBreaks > 16 ? 0 : lineBreaks), &pieces)
            return false
        case .answer:
            emitAnswer(held.count, &pieces)
            return false
        }
    }

    /// Whether the text that is held cannot begin with an opening tag; it is the answer then.
    private mutating func decidesWithoutPreamble() -> Bool {
        let text = held.drop { Self.isLineBreak($0) || $0 == 0x20 }
        guard !text.isEmpty, !text.starts(with: opening), !opening.starts(with: text) else { return false }
        phase = .answer
        return true
    }

    /// What was taken for the answer was thinking.
    private mutating func adoptAnswer() {
        reasoning += answer
        answer = ""
    }

    private mutating func endReasoning(_ tag: Range<Int>, _ pieces: inout [Piece]) -> Bool {
        let lineBreaks = held[..<tag.lowerBound].reversed().prefix { Self.isLineBreak($0) }.count
        emitReasoning(tag.lowerBound - lineBreaks, &pieces)
        held.removeFirst(lineBreaks + closing.count)
        skipsLineBreaks = true
        phase = .answer
        return true
    }

    private mutating func emitReasoning(_ count: Int, _ pieces: inout [Piece]) {
        let text = take(count)
        guard !text.isEmpty else { return }
        reasoning += text
        pieces.append(.reasoning(text))
    }

    private mutating func emitAnswer(_ count: Int, _ pieces: inout [Piece]) {
        let text = take(count)
        guard !text.isEmpty else { return }
        answer += text
        pieces.append(.answer(text))
    }

    /// Takes text out of `held`, without line breaks that belong to the tag before.
    private mutating func take(_ count: Int) -> String {
        var bytes = held.prefix(count)
        held.removeFirst(count)
        if skipsLineBreaks {
            bytes = bytes.drop { Self.isLineBreak($0) }
            if !bytes.isEmpty { skipsLineBreaks = false }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// How many bytes at the end of `held` are the beginning of a tag.
    private func beginning(of tag: [UInt8]) -> Int {
        for count in (1..<tag.count).reversed() where held.suffix(count) == tag.prefix(count) { return count }
        return 0
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D
    }
}
