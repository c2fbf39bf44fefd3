/// A token that is found in the text itself, before normalisation or merging, such as `<|im_end|>`.
struct AddedToken: Sendable, Hashable {
    var id: Int
    var content: String
    /// Control tokens, which decoding may leave out.
    var isSpecial = false
    /// Takes the white space before (after) it along.
    var stripsLeft = false
    var stripsRight = false
    /// Not inside a word.
    var isSingleWord = false
    /// Looked for in the normalised text.
    var isNormalized = false
}

/// The added tokens of a tokenizer, and the search for them: leftmost, and of those the longest.
struct AddedTokens: Sendable {
    /// Longer contents are refused, so that a search stays linear in the text.
    static let longestContent = 1024

    private(set) var tokens: [Int: AddedToken] = [:]
    private(set) var ids: [ExactString: Int] = [:]
    private var rawTrie = ByteTrie()
    private var normalizedTrie = ByteTrie()

    /// Adds a token; of two with the same content the later one counts.
    mutating func add(_ token: AddedToken, normalizer: Normalizer) {
        guard !token.content.isEmpty else { return }
        if let old = ids[ExactString(token.content)], old != token.id { tokens[old] = nil }
        tokens[token.id] = token
        ids[ExactString(token.content)] = token.id
        var content = Array(token.content.utf8)
        if token.isNormalized {
            if let changed = content.withUnsafeBufferPointer({ normalizer.normalized($0) }) { content = changed }
            normalizedTrie.insert(content, id: token.id)
        } else {
            rawTrie.insert(content, id: token.id)
        }
    }

    var hasNormalized: Bool { !normalizedTrie.isEmpty }

    /// A stretch of text between two tokens, or a token.
    enum Piece {
        case text(Range<Int>)
        case token(Int)
    }

    /// Calls `body` with the pieces of a text, in order.
    ///
    /// `normalized` says which of the two kinds of tokens to look for. A token that is found, at a range of bytes, stays
    /// text unless it is allowed.
    func forEachPiece(
        _ text: UnsafeBufferPointer<UInt8>,
        normalized: Bool,
        isAllowed: (AddedToken, Range<Int>) -> Bool,
        _ body: (Piece) -> Void
    ) {
        let trie = normalized ? normalizedTrie : rawTrie
        var index = 0
        var textStart = 0
        while let match = trie.firstMatch(in: text, from: index) {
            index = match.end
            guard let token = tokens[match.id], isAllowed(token, match.start..<match.end) else { continue }
            var (start, end) = (match.start, match.end)
            if token.isSingleWord {
                if start > 0, isWordCharacter(characterBefore(start, text)) { continue }
                if end < text.count, isWordCharacter(decodeScalar(text, at: end).scalar) { continue }
            }
            if token.stripsLeft {
                while start > textStart, isWhitespace(characterBefore(start, text)) {
                    start = startOfCharacter(start, text)
                }
            }
            if token.stripsRight {
                while end < text.count {
                    let (scalar, length) = decodeScalar(text, at: end)
                    guard isWhitespace(scalar) else { break }
                    end += length
                }
            }
            if textStart < start { body(.text(textStart..<start)) }
            body(.token(token.id))
            textStart = end
        }
        if textStart < text.count { body(.text(textStart..<text.count)) }
    }

    private func startOfCharacter(_ end: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
        var start = end - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    private func characterBefore(_ end: Int, _ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
        decodeScalar(text, at: startOfCharacter(end, text)).scalar
    }

    private func isWhitespace(_ scalar: UInt32) -> Bool {
        Unicode.Scalar(scalar)?.properties.isWhitespace ?? false
    }

    /// `\w` of Unicode Technical Standard 18: letters, marks, decimal numbers, connectors and join controls.
    private func isWordCharacter(_ scalar: UInt32) -> Bool {
        guard let properties = Unicode.Scalar(scalar)?.properties,
            (properties.age?.major ?? .max) <= CharacterClass.newestUnicode
        else { return false }
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }
}

/// A set of byte strings that finds the longest one starting at a position.
private struct ByteTrie: Sendable {
    private var children: [UInt64: Int32] = [:]
    private var ids: [Int] = [-1]
    private var startsToken = [Bool](repeating: false, count: 256)

    var isEmpty: Bool { ids.count == 1 }

    mutating func insert(_ bytes: [UInt8], id: Int) {
        var node: Int32 = 0
        for byte in bytes {
            let key = UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
            if let child = children[key] {
                node = child
            } else {
                let child = Int32(truncatingIfNeeded: ids.count)
                ids.append(-1)
                children[key] = child
                node = child
            }
        }
        ids[Int(node)] = id
        if let first = bytes.first { startsToken[Int(first)] = true }
    }

    func firstMatch(in text: UnsafeBufferPointer<UInt8>, from: Int) -> (start: Int, end: Int, id: Int)? {
        guard !isEmpty else { return nil }
        var start = from
        while start < text.count {
            guard startsToken[Int(text[start])] else {
                start += 1
                continue
            }
            var node: Int32 = 0
            var found: (start: Int, end: Int, id: Int)?
            var index = start
            while index < text.count,
                let child = children[UInt64(UInt32(bitPattern: node)) << 8 | UInt64(text[index])]
            {
                node = child
                index += 1
                if ids[Int(node)] >= 0 { found = (start, index, ids[Int(node)]) }
            }
            if let found { return found }
            start += 1
        }
        return nil
    }
}
