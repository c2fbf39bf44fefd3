import Foundation

/// A file of API keys: a line for each, `NAME ROLE HASH`, the hash SHA-256 in hexadecimal, and a `WEIGHT` behind it that is
/// not 1; `#` begins a comment.
package enum KeyFile {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// Throws `Failure` with the line that is wrong.
    package static func parse(_ text: String, path: String) throws(Failure) -> [APIKey] {
        var keys: [APIKey] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            if words.isEmpty { continue }
            guard 3...4 ~= words.count, let role = APIKey.Role(rawValue: String(words[1])), let hash = bytes(words[2]),
                let weight = words.count == 3 ? 1 : Int(words[3]), APIKey.weights.contains(weight)
            else {
                throw Failure(
                    description:
                        "\(path): line \(number + 1) is not 'NAME user|admin SHA256 [WEIGHT]', as `kongur keys add` writes it"
                )
            }
            keys.append(APIKey(name: String(words[0]), role: role, hash: hash, weight: weight))
        }
        return keys
    }

    package static func line(_ key: APIKey) -> String {
        let digits = key.hash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return "\(key.name) \(key.role.rawValue) \(digits)" + (key.weight == 1 ? "" : " \(key.weight)")
    }

    package static func read(_ path: String) throws(Failure) -> [APIKey] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(
                description: "\(path): the file of API keys cannot be read; `kongur keys add \(path) NAME` makes one"
            )
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw Failure(description: "\(path): is not UTF-8 text")
        }
        return try parse(text, path: path)
    }

    private static func bytes(_ digits: Substring) -> [UInt8]? {
        let values = digits.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard values.count == 64, !values.contains(nil) else { return nil }
        let halves = values.compactMap { $0 }
        return stride(from: 0, to: 64, by: 2).map { UInt8(halves[$0] << 4 | halves[$0 + 1]) }
    }
}
