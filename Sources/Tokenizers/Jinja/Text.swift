/// A string as Python sees it: code points, each of which knows where it comes from.
struct Text: Sendable {
    /// Code points in the low 21 bits, their origins above.
    private(set) var units: [UInt32]
    /// Whether this is markup, to which other text is added escaped.
    var isMarkup: Bool

    static let originShift: UInt32 = 24
    static let scalarMask: UInt32 = 0x1F_FFFF

    init(_ string: String = "", origin: TextOrigin = .template) {
        let mark = origin.rawValue << Self.originShift
        units = string.unicodeScalars.map { $0.value | mark }
        isMarkup = false
    }

    init(units: some Sequence<UInt32>, isMarkup: Bool = false) {
        self.units = Array(units)
        self.isMarkup = isMarkup
    }

    var count: Int { units.count }
    var isEmpty: Bool { units.isEmpty }

    static func scalar(_ unit: UInt32) -> Unicode.Scalar { Unicode.Scalar(unit & scalarMask) ?? "\u{FFFD}" }

    subscript(range: Range<Int>) -> Text { Text(units: units[range], isMarkup: isMarkup) }

    /// The text as it is to be read, without origins.
    var string: String {
        var view = String.UnicodeScalarView()
        for unit in units { view.append(Self.scalar(unit)) }
        return String(view)
    }

    mutating func append(_ other: Text) { units.append(contentsOf: other.units) }

    mutating func append(_ string: String) {
        for scalar in string.unicodeScalars { units.append(scalar.value) }
    }

    /// Adds characters in the place of one, whose origin they take over.
    mutating func append(_ string: String, inPlaceOf unit: UInt32) {
        for scalar in string.unicodeScalars { units.append(scalar.value | (unit & ~Self.scalarMask)) }
    }

    mutating func append(unit: UInt32) { units.append(unit) }

    static func + (left: Text, right: Text) -> Text {
        var sum = left
        sum.append(right)
        return sum
    }

    func repeated(_ count: Int) -> Text {
        var result = Text(units: [], isMarkup: isMarkup)
        result.units.reserveCapacity(self.count * max(0, count))
        for _ in 0..<max(0, count) { result.units.append(contentsOf: units) }
        return result
    }

    var plain: Text { Text(units: units) }
    var reversed: Text { Text(units: units.reversed(), isMarkup: isMarkup) }

    /// The text with the origins of its parts.
    var marked: MarkedText {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(units.count + units.count / 8)
        var runs: [MarkedText.Run] = []
        for unit in units {
            let origin = TextOrigin(rawValue: unit >> Self.originShift) ?? .variable
            bytes.append(contentsOf: UTF8.encode(Self.scalar(unit)) ?? UTF8.encodedReplacementCharacter)
            if runs.last?.origin == origin {
                runs[runs.count - 1].end = bytes.count
            } else {
                runs.append(MarkedText.Run(end: bytes.count, origin: origin))
            }
        }
        return MarkedText(text: String(decoding: bytes, as: UTF8.self), runs: runs)
    }
}

extension Text: Hashable {
    static func == (left: Text, right: Text) -> Bool {
        left.units.count == right.units.count && left.hasPrefix(right, at: 0)
    }

    func hash(into hasher: inout Hasher) {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        for unit in units { sum = (sum ^ UInt64(unit & Self.scalarMask)) &* 0x100_0000_01B3 }
        hasher.combine(sum)
    }

    /// The order of code points.
    func precedes(_ other: Text) -> Bool {
        units.lexicographicallyPrecedes(other.units) { $0 & Self.scalarMask < $1 & Self.scalarMask }
    }
}

extension Text: ExpressibleByStringLiteral {
    init(stringLiteral value: String) { self.init(value) }
}

// MARK: Search, in linear time

extension Text {
    func hasPrefix(_ part: Text, at start: Int = 0) -> Bool {
        guard start >= 0, part.count <= count - start else { return false }
        for index in part.units.indices where (units[start + index] ^ part.units[index]) & Self.scalarMask != 0 {
            return false
        }
        return true
    }

    func hasSuffix(_ part: Text) -> Bool { hasPrefix(part, at: count - part.count) }

    /// Where a text that is not empty occurs, from the left, without overlap; at most `limit` places.
    ///
    /// Knuth, Morris and Pratt's search, which takes linear time whatever is searched.
    func occurrences(of part: Text, limit: Int = .max) -> [Int] {
        guard !part.isEmpty, part.count <= count, limit > 0 else { return [] }
        let needle = part.units.map { $0 & Self.scalarMask }
        var borders = [0]
        var length = 0
        for index in 1..<max(1, needle.count) {
            while length > 0, needle[index] != needle[length] { length = borders[length - 1] }
            if needle[index] == needle[length] { length += 1 }
            borders.append(length)
        }
        var found: [Int] = []
        var matched = 0
        for (index, unit) in units.enumerated() {
            let scalar = unit & Self.scalarMask
            while matched > 0, needle[matched] != scalar { matched = borders[matched - 1] }
            if needle[matched] == scalar { matched += 1 }
            guard matched == needle.count else { continue }
            found.append(index + 1 - matched)
            if found.count == limit { break }
            matched = 0
        }
        return found
    }

    /// Where a text that is not empty occurs, from the right, without overlap.
    func occurrencesFromRight(of part: Text, limit: Int = .max) -> [Int] {
        reversed.occurrences(of: part.reversed, limit: limit).map { count - $0 - part.count }
    }

    func contains(_ part: Text) -> Bool { part.isEmpty || !occurrences(of: part, limit: 1).isEmpty }
}
