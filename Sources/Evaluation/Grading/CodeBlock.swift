/// Finds the program that a response ends with.
///
/// Programs are compared as text here, which takes an equivalent one for wrong; running them needs a sandbox.
package enum CodeBlock {
    /// The content of the last closed block of three backticks, without the name of its language.
    package static func last(in response: String) -> String? {
        let parts = response.split(separator: "```", omittingEmptySubsequences: false)
        // Text and blocks take turns, so a closed block has text after it.
        let block = parts.indices.last { $0 % 2 == 1 && $0 + 1 < parts.endIndex }
        guard let block else { return nil }
        let lines = parts[block].split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        return lines.count == 2 ? String(lines[1]) : nil
    }

    /// Whether two programs are the same but for empty lines and spaces at the ends of lines.
    package static func areEqual(_ left: String, _ right: String) -> Bool {
        normalized(left) == normalized(right)
    }

    private static func normalized(_ program: String) -> [Substring] {
        program.split(separator: "\n").map { line in
            var line = line
            while let last = line.last, last == " " || last == "\r" || last == "\t" { line.removeLast() }
            return line
        }.filter { !$0.isEmpty }
    }
}
