/// Which added tokens a text may spell, by where it comes from.
extension AddedToken {
    /// Whether the token is one in text of an origin, or only looks like one.
    ///
    /// - A template writes all tokens.
    /// - Control tokens (special ones, those that the configuration names, and `<|...|>`) are no one else's; but an
    ///   assistant's message has the tags that the model wrote.
    /// - Tags such as `<tool_response>` say something in instructions and answers; what a user or a tool says is text.
    /// - Other added tokens are words like all others.
    func isAllowed(in origin: TextOrigin, named: Set<Int>, answerTags: Set<String>) -> Bool {
        switch origin {
        case .template: return true
        case .assistant where answerTags.contains(content): return true
        default: break
        }
        if isSpecial || named.contains(id) || isBracketed("<|", "|>") || isBracketed("<｜", "｜>") { return false }
        switch origin {
        case .user, .toolResult, .call, .variable: return !(isBracketed("<", ">") || isBracketed("[", "]"))
        default: return true
        }
    }

    private func isBracketed(_ opening: String, _ closing: String) -> Bool {
        content.utf8.count > opening.utf8.count + closing.utf8.count
            && content.utf8.starts(with: opening.utf8)
            && content.utf8.reversed().starts(with: closing.utf8.reversed())
    }
}

/// Finds the origins of stretches of a text; asked from its beginning to its end, it takes linear time.
struct OriginLookup {
    private let runs: [MarkedText.Run]
    private var run = 0

    init(_ runs: [MarkedText.Run]) { self.runs = runs }

    mutating func origins(in range: Range<Int>) -> ArraySlice<TextOrigin> {
        while run > 0, runs[run - 1].end > range.lowerBound { run -= 1 }
        while run < runs.count, runs[run].end <= range.lowerBound { run += 1 }
        var last = run
        while last < runs.count, runs[last].end < range.upperBound { last += 1 }
        return runs[run..<min(last + 1, runs.count)].map(\.origin)[...]
    }
}

/// Finds where tokens of a normalised text stood before: the first of a token in one text is the first in the other.
struct NormalizedPlaces {
    private let raw: UnsafeBufferPointer<UInt8>
    private let normalized: UnsafeBufferPointer<UInt8>
    private var places: [Int: [(raw: Int, normalized: Int)]] = [:]

    init(raw: UnsafeBufferPointer<UInt8>, normalized: UnsafeBufferPointer<UInt8>) {
        self.raw = raw
        self.normalized = normalized
    }

    /// Nil where normalising made or took away such a token.
    mutating func place(of token: AddedToken, at range: Range<Int>) -> Range<Int>? {
        let content = Array(token.content.utf8)
        let found =
            places[token.id]
            ?? {
                let (before, after) = (Self.places(of: content, in: raw), Self.places(of: content, in: normalized))
                return before.count == after.count ? zip(before, after).map { ($0, $1) } : []
            }()
        places[token.id] = found
        // Sorted: a binary search.
        var (low, high) = (0, found.count)
        while low < high {
            let middle = (low + high) / 2
            if found[middle].normalized < range.lowerBound { low = middle + 1 } else { high = middle }
        }
        guard low < found.count, found[low].normalized == range.lowerBound else { return nil }
        return found[low].raw..<found[low].raw + content.count
    }

    private static func places(of content: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> [Int] {
        var places: [Int] = []
        var index = 0
        while index + content.count <= text.count {
            if text[index] == content[0], text[index..<index + content.count].elementsEqual(content) {
                places.append(index)
                index += content.count
            } else {
                index += 1
            }
        }
        return places
    }
}

extension Range<Int> {
    /// A range inside of this one as a range of the whole.
    func shifted(_ inner: Range<Int>) -> Range<Int> {
        lowerBound + inner.lowerBound..<lowerBound + inner.upperBound
    }
}
