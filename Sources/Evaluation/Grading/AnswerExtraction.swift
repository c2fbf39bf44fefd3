/// Finds the answer that a response ends with.
package enum AnswerExtraction {
    /// The content of the last `\boxed{...}` after the thinking, or nil when there is none.
    ///
    /// A response that starts to think and never stops has no answer, whatever its thoughts hold. A last box that is
    /// never closed is none either: the response was cut off inside it. Takes time linear in the response.
    package static func boxedAnswer(in response: String) -> String? {
        guard var text = afterThinking(response), let box = text.lastRange(of: "\\boxed") else { return nil }
        text = text[box.upperBound...].drop { $0 == UInt8(ascii: " ") }
        guard text.first == UInt8(ascii: "{") else { return nil }
        var depth = 0
        var isEscaped = false
        for index in text.indices {
            defer { isEscaped = text[index] == UInt8(ascii: "\\") && !isEscaped }
            guard !isEscaped else { continue }
            if text[index] == UInt8(ascii: "{") { depth += 1 }
            if text[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return String(decoding: text[text.startIndex + 1..<index], as: UTF8.self) }
        }
        return nil
    }

    /// What stands behind the last `####` after the thinking, to the end of its line, as GSM8K writes answers.
    package static func markedAnswer(in response: String) -> String? {
        guard let text = afterThinking(response), let mark = text.lastRange(of: "####") else { return nil }
        let line = text[mark.upperBound...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let answer = String(decoding: line, as: UTF8.self)
        let words = answer.split(separator: " ", omittingEmptySubsequences: true)
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    /// Nil where the thinking never ends.
    private static func afterThinking(_ response: String) -> ArraySlice<UInt8>? {
        let text = Array(response.utf8)[...]
        if let end = text.lastRange(of: "</think>") { return text[end.upperBound...] }
        return text.lastRange(of: "<think>") == nil ? text : nil
    }
}

extension ArraySlice<UInt8> {
    /// Where `word` stands last.
    fileprivate func lastRange(of word: StaticString) -> Range<Int>? {
        word.withUTF8Buffer { word in
            guard count >= word.count else { return nil }
            var start = endIndex - word.count
            while start >= startIndex {
                if self[start] == word[0], self[start..<start + word.count].elementsEqual(word) {
                    return start..<start + word.count
                }
                start -= 1
            }
            return nil
        }
    }
}
