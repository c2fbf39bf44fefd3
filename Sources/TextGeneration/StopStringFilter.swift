/// Passes text on until a stop string appears, and never shows any part of one, unless it is to be kept.
///
/// Text that may be the beginning of a stop string is held back until it is decided. Which stop string is found, and
/// where, does not depend on how the text is cut into pieces: the one that is complete first, the longest of those that
/// end together. Compares bytes, in time linear in the text for each stop string (Knuth, Morris and Pratt, 1977).
package struct StopStringFilter: Sendable {
    private struct Pattern: Sendable {
        let text: String
        let bytes: [UInt8]
        /// For each number of matched bytes, how many of them are also a beginning of the pattern.
        let borders: [Int]
        /// Bytes matched so far.
        var matched = 0

        init(_ text: String) {
            self.text = text
            bytes = Array(text.utf8)
            var borders = [0, 0]
            var border = 0
            for index in bytes.indices.dropFirst() {
                while border > 0, bytes[index] != bytes[border] { border = borders[border] }
                if bytes[index] == bytes[border] { border += 1 }
                borders.append(border)
            }
            self.borders = borders
        }

        /// True when `byte` completes the pattern.
        mutating func advance(_ byte: UInt8) -> Bool {
            while matched > 0, bytes[matched] != byte { matched = borders[matched] }
            if bytes[matched] == byte { matched += 1 }
            return matched == bytes.count
        }
    }

    private var patterns: [Pattern]
    private var held: [UInt8] = []
    /// The stop string that was found; after it nothing is passed on.
    package private(set) var found: String?
    /// Whether the stop string itself is passed on.
    private let keepsFound: Bool

    /// Empty stop strings are left out: they would end every text at once.
    package init(_ stopStrings: [String], keepsFound: Bool = false) {
        self.keepsFound = keepsFound
        patterns = stopStrings.filter { !$0.isEmpty }.map(Pattern.init)
    }

    /// Adds text and returns what is certain to come before any stop string.
    package mutating func append(_ text: String) -> String {
        guard found == nil else { return "" }
        guard !patterns.isEmpty else { return text }
        for byte in text.utf8 {
            held.append(byte)
            var longest: Pattern?
            for index in patterns.indices where patterns[index].advance(byte) {
                if patterns[index].bytes.count > longest?.bytes.count ?? 0 { longest = patterns[index] }
            }
            if let longest {
                found = longest.text
                defer { held = [] }
                return String(decoding: held.dropLast(keepsFound ? 0 : longest.bytes.count), as: UTF8.self)
            }
        }
        // A match begins with the first byte of a stop string, so characters stay whole.
        let undecided = patterns.map(\.matched).max() ?? 0
        defer { held.removeFirst(held.count - undecided) }
        return String(decoding: held.dropLast(undecided), as: UTF8.self)
    }

    /// Ends the text: what was held back was no stop string.
    package mutating func finish() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
