/// Finds the answer that a response ends with.
package enum AnswerExtraction {
    /// The content of the last `\boxed{...}` after the thinking, or nil when there is none.
    ///
    /// A response that starts to think and never stops has no answer, whatever its thoughts hold. A last box that is
    /// never closed is none either: the response was cut off inside it. Takes time linear in the response.
    package static func boxedAnswer(in response: String) -> String? {
        var text = Array(response.utf8)[...]
        if let end = text.lastRange(of: "</think>") {
            text = text[end.upperBound...]
        } else if text.lastRange(of: "<think>") != nil {
            return nil
        }
        guard let box = text.lastRange(of: "\\boxed") else { return nil }
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
