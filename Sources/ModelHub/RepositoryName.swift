import HTTPTransport

/// The name of a model on a hub: `OWNER/NAME`.
package struct RepositoryName: Sendable, Hashable, CustomStringConvertible {
    package let owner: String
    package let name: String

    /// Reads `OWNER/NAME`.
    ///
    /// Each part has 1 to 96 letters, digits, `-`, `_` or `.`, neither starts nor ends with `-` or `.`, and holds
    /// neither `--` nor `..`, so that a name is always one folder of the cache. Throws `.invalidName`.
    package init(_ text: String) throws(HubError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ Self.isValid($0.utf8) }), !parts[1].hasSuffix(".git") else {
            throw HubError(
                .invalidName,
                "\"\(text.shortened)\" is not the name of a model on a hub: write OWNER/NAME, as in WeiboAI/VibeThinker-1.5B"
            )
        }
        owner = String(parts[0])
        name = String(parts[1])
    }

    package var description: String { "\(owner)/\(name)" }

    /// The folder of the cache that holds the repository.
    var folderName: String { "models--\(owner)--\(name)" }

    private static func isValid(_ part: Substring.UTF8View) -> Bool {
        guard (1...96).contains(part.count), let first = part.first, let last = part.last else { return false }
        let ends = [UInt8(ascii: "-"), UInt8(ascii: ".")]
        return part.allSatisfy { $0.isNameCharacter } && !ends.contains(first) && !ends.contains(last)
            && zip(part, part.dropFirst()).allSatisfy { $0 != $1 || !ends.contains($0) }
    }
}

extension UInt8 {
    /// A letter or digit of ASCII, `-`, `_` or `.`.
    var isNameCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// A digit of a hash as the hub writes it: lower case.
    var isHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
}

extension String {
    /// The text as the segments of a URL's path that its slashes divide.
    var percentEncodedPath: String {
        split(separator: "/", omittingEmptySubsequences: false).map { String($0).percentEncoded }.joined(separator: "/")
    }

    /// The text as one segment of a URL's path.
    var percentEncoded: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in utf8 {
            if byte.isNameCharacter || byte == UInt8(ascii: "~") {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
