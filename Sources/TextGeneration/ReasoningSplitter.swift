/// Tells a model's thinking from its answer by the tags around it, `<think>` and `</think>` by default.
///
/// Works on decoded text, since in many vocabularies the tags are no tokens, and ">" merges with what follows. Pieces may
/// end inside a tag. What it decides:
///
/// - Thinking begins where the prompt ends with an opening tag, or where the text begins with one, white space aside. Text
///   that begins with anything else is the answer from its first byte on, whatever tags are in it.
/// - Where nothing says that the model thinks, a tag that goes on like a sentence ("`<think>` is no tag of HTML") is text.
/// - Without a closing tag everything is thinking, and the answer is empty.
/// - Tags after the thinking has ended are part of the answer, and an opening tag inside thinking is part of it.
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
        /// Nothing but white space and the beginning of a tag yet, which is held back.
        case undecided
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
    private let isCautious: Bool
    /// Set while line breaks belong to the tag before them.
    private var skipsLineBreaks: Bool
    private let beginsInside: Bool

    /// More white space than this is not held back before a tag.
    private static let mostSpace = 64

    /// `isCautious` where nothing says that the model thinks.
    package init(
        _ start: Opening = .undecided,
        openingTag: String = Self.openingTag,
        closingTag: String = Self.closingTag,
        isCautious: Bool = false
    ) {
        precondition(!openingTag.isEmpty && !closingTag.isEmpty)
        opening = Array(openingTag.utf8)
        closing = Array(closingTag.utf8)
        self.isCautious = isCautious
        beginsInside = start == .reasoning
        skipsLineBreaks = beginsInside
        phase =
            switch start {
            case .undecided: .undecided
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

    /// How a text begins that goes on with a message of the model's own, which may have thought.
    static func opening(continuing message: String, after prompt: String) -> Opening {
        let text = message.drop(while: \.isWhitespace)
        if text.isEmpty { return opening(after: prompt) }
        guard text.hasPrefix(openingTag) else { return .answer }
        return text.contains(closingTag) ? .answer : .reasoning
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
        case .undecided, .answer: emitAnswer(held.count, &pieces)
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
        case .undecided:
            let text = held.drop { Self.isLineBreak($0) || $0 == 0x20 || $0 == 0x09 }
            let space = held.count - text.count
            if space <= Self.mostSpace {
                let isTag = text.starts(with: opening)
                if isTag ? isCautious && text.count == opening.count : opening.starts(with: text) { return false }
                if isTag, !isCautious || !Self.goesOnSentence(text.dropFirst(opening.count)) {
                    return beginReasoning(space)
                }
            }
            phase = .answer
            return true
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

    private mutating func beginReasoning(_ space: Int) -> Bool {
        held.removeFirst(space + opening.count)
        skipsLineBreaks = true
        phase = .reasoning
        return true
    }

    /// Whether what stands behind a tag makes it a word of a sentence.
    private static func goesOnSentence(_ text: ArraySlice<UInt8>) -> Bool {
        text.first.map(" `'\".,:;)?!".utf8.contains) ?? false
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
