/// A split rule, as a scanner that says where the word ends that starts here.
enum SplitPattern: Sendable, Hashable {
    /// GPT-2: contractions, then runs of letters, numbers and other characters with an optional space before.
    case gpt2
    /// GPT-4's family, which Qwen and Llama 3 belong to: a word may start with one character that is not a letter,
    /// numbers are cut after `digits` characters, and line ends stick together. `joinsMarks` counts combining marks
    /// as letters.
    case gpt4(digits: Int, joinsMarks: Bool)
    /// Numbers apart from everything else, each digit by itself or in runs.
    case digits(individual: Bool)

    /// Recognises a regular expression of tokenizer.json.
    init?(regex: String) {
        guard let known = Self.known[regex] else { return nil }
        self = known
    }

    private static let known: [String: SplitPattern] = {
        let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
        let tail = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
        var known: [String: SplitPattern] = [
            #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
            #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
        ]
        for (numbers, digits) in [(#"\p{N}"#, 1), (#"\p{N}{1}"#, 1), (#"\p{N}{1,2}"#, 2), (#"\p{N}{1,3}"#, 3)] {
            known[
                contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers + #"| ?[^\s\p{L}\p{N}]+[\r\n]*"# + tail
            ] = .gpt4(digits: digits, joinsMarks: false)
            known[
                contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|"# + numbers + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"#
                    + tail
            ] = .gpt4(digits: digits, joinsMarks: true)
        }
        return known
    }()

    /// Where the word ends that starts at `start`; always after it.
    func end(of start: Int, in text: UnsafeBufferPointer<UInt8>, _ characterClass: CharacterClass.Lookup) -> Int {
        switch self {
        case .gpt2:
            Scanner(text: text, characterClass: characterClass, joinsMarks: false).gpt2(start)
        case .gpt4(let digits, let joinsMarks):
            Scanner(text: text, characterClass: characterClass, joinsMarks: joinsMarks).gpt4(start, digits: digits)
        case .digits(let individual):
            Scanner(text: text, characterClass: characterClass, joinsMarks: false).digits(start, individual: individual)
        }
    }
}

/// The scanners behind `SplitPattern`.
///
/// Comments quote the alternative of the regular expression that a step follows.
private struct Scanner {
    let text: UnsafeBufferPointer<UInt8>
    let characterClass: CharacterClass.Lookup
    let joinsMarks: Bool

    @inline(__always)
    private func classify(_ index: Int) -> (CharacterClass, Int) {
        let (found, length) = characterClass(text, at: index)
        if found == .mark { return (joinsMarks ? .letter : .other, length) }
        return (found, length)
    }

    @inline(__always)
    private func run(of wanted: CharacterClass, from start: Int) -> Int {
        var end = start
        while end < text.count {
            let (found, length) = classify(end)
            guard found == wanted else { break }
            end += length
        }
        return end
    }

    func gpt2(_ start: Int) -> Int {
        if let end = contraction(start, anyCase: false) { return end }
        var (first, length) = classify(start)
        var body = start
        if text[start] == 0x20, start + 1 < text.count {
            let (second, secondLength) = classify(start + 1)
            if second == .letter || second == .number || second == .other {
                (first, length, body) = (second, secondLength, start + 1)
            }
        }
        switch first {
        // " ?\p{L}+", " ?\p{N}+", " ?[^\s\p{L}\p{N}]+"
        case .letter, .number, .other: return run(of: first, from: body + length)
        default: return whiteSpace(start).end
        }
    }

    func gpt4(_ start: Int, digits: Int) -> Int {
        if let end = contraction(start, anyCase: true) { return end }
        let (first, length) = classify(start)
        let second = start + length
        switch first {
        case .letter: return run(of: .letter, from: second)
        case .number:
            // "\p{N}{1,digits}"
            var end = second
            for _ in 1..<digits where end < text.count {
                let (next, nextLength) = classify(end)
                guard next == .number else { break }
                end += nextLength
            }
            return end
        case .other, .mark:
            // "[^\r\n\p{L}\p{N}]?\p{L}+"
            if second < text.count, classify(second).0 == .letter { return run(of: .letter, from: second) }
            return lineEnds(run(of: .other, from: second))
        case .space:
            if second < text.count {
                let (next, nextLength) = classify(second)
                if next == .letter { return run(of: .letter, from: second + nextLength) }
                // " ?[^\s\p{L}\p{N}]+[\r\n]*"
                if next == .other, text[start] == 0x20 { return lineEnds(run(of: .other, from: second + nextLength)) }
            }
            fallthrough
        case .lineEnd:
            // "\s*[\r\n]+", then "\s+(?!\S)", then "\s+"
            let (end, afterLastLineEnd) = whiteSpace(start)
            return afterLastLineEnd ?? end
        }
    }

    func digits(_ start: Int, individual: Bool) -> Int {
        let (isNumber, first) = numeric(start)
        var end = first
        if isNumber && individual { return end }
        while end < text.count {
            let (next, nextEnd) = numeric(end)
            guard next == isNumber else { break }
            end = nextEnd
        }
        return end
    }

    /// Numbers of every Unicode version: this rule is the language's own, not the regular expression library's.
    private func numeric(_ index: Int) -> (Bool, Int) {
        let (value, length) = decodeScalar(text, at: index)
        if value < 0x80 { return (0x30...0x39 ~= value, index + length) }
        switch Unicode.Scalar(value)?.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return (true, index + length)
        default: return (false, index + length)
        }
    }

    @inline(__always)
    private func lineEnds(_ start: Int) -> Int {
        var end = start
        while end < text.count, text[end] == 0x0A || text[end] == 0x0D { end += 1 }
        return end
    }

    /// A run of white space: "\s+(?!\S)" leaves its last character to the word that follows, if that is not all of it.
    private func whiteSpace(_ start: Int) -> (end: Int, afterLastLineEnd: Int?) {
        var end = start
        var lastStart = start
        var afterLastLineEnd: Int?
        while end < text.count {
            let (found, length) = classify(end)
            guard found == .space || found == .lineEnd else { break }
            lastStart = end
            end += length
            if found == .lineEnd { afterLastLineEnd = end }
        }
        return (end < text.count && lastStart > start ? lastStart : end, afterLastLineEnd)
    }

    /// "'s|'t|'re|'ve|'m|'ll|'d", where letters of either case and "ſ" (whose capital is "S") match if `anyCase`.
    @inline(__always)
    private func contraction(_ start: Int, anyCase: Bool) -> Int? {
        guard text[start] == 0x27, start + 1 < text.count else { return nil }
        let lower: UInt8 = anyCase ? 0x20 : 0
        let first = text[start + 1]
        let second = start + 2 < text.count ? text[start + 2] : 0
        switch (first | lower, second | lower) {
        case (0x73, _), (0x74, _), (0x6D, _), (0x64, _): return start + 2
        case (0x72, 0x65), (0x76, 0x65), (0x6C, 0x6C): return start + 3
        default: return anyCase && first == 0xC5 && second == 0xBF ? start + 3 : nil
        }
    }
}
