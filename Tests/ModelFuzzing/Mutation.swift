/// Draws what to change in an input, the same for the same seed and number.
package struct Mutation: Sendable {
    var random: Draws

    package init(seed: UInt64, number: Int) {
        random = Draws(state: (seed &+ 1) &* 0xD129_8A2E_03F0_A2E5 ^ (UInt64(number) &+ 1) &* 0x9E37_79B9_7F4A_7C15 | 1)
        for _ in 0..<4 { _ = random.next() }
    }

    /// Numbers of an xorshift* generator: the worker is built without the rooms of the other tests.
    struct Draws: RandomNumberGenerator, Sendable {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 0x2545_F491_4F6C_DD1D
        }
    }

    /// Numbers at the ends of ranges.
    static let extremes = [
        "-1", "0", "1", "2", "3", "7", "63", "64", "65", "255", "4096", "65535", "65536", "65537", "2147483647",
        "2147483648", "-2147483649", "4294967296", "1099511627776", "1099511627777", "4611686018427387904",
        "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e308", "-0.0", "0.5", "1e-300",
    ]

    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &random) }

    /// One of some things; there must be one.
    package mutating func one<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// A whole number that is near another one, or at the end of a range.
    mutating func number(near value: Int) -> Int {
        switch below(8) {
        case 0: value &+ 1
        case 1: value &- 1
        case 2: value &* 2
        case 3: value / 2
        case 4: 0 &- value
        case 5: value &+ below(64) &- 32
        default: Int(one(Self.extremes)) ?? 0
        }
    }

    /// Text with its words changed: left out, doubled, swapped, or one that stands elsewhere in its place.
    package mutating func changed(words text: String, _ others: [String]) -> String {
        var words = Self.words(text)
        guard !words.isEmpty else { return text }
        // Few changes, so that much is still sound.
        for _ in 0...(chance(70) ? 0 : below(3)) {
            let place = below(words.count)
            switch below(10) {
            case 0: words[place] = ""
            case 1: words[place] += words[place]
            case 2: words.swapAt(place, below(words.count))
            case 3: words[place] = words[below(words.count)]
            case 4 where !others.isEmpty: words[place] = one(Self.words(one(others)))
            case 5: words.removeSubrange(place..<min(place + below(6), words.count))
            case 6: words.insert(contentsOf: words[place..<min(place + below(12), words.count)], at: place)
            default:
                // A number, where there is one near.
                let numbers = words.indices.filter { Int(words[$0]) != nil }
                guard !numbers.isEmpty else { continue }
                let chosen = one(numbers)
                words[chosen] = chance(50) ? one(Self.extremes) : String(number(near: Int(words[chosen]) ?? 0))
            }
            if words.isEmpty { return "" }
        }
        return words.joined()
    }

    /// Bytes with some flipped, cut out or put elsewhere, or the end cut off.
    package mutating func changed(bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(3) where !bytes.isEmpty {
            let place = below(bytes.count)
            switch below(5) {
            case 0: bytes.removeSubrange(place...)
            case 1: bytes.removeSubrange(place..<min(place + below(64), bytes.count))
            case 2: bytes.insert(contentsOf: bytes[place..<min(place + below(64), bytes.count)], at: below(bytes.count))
            default: bytes[place] ^= 1 << UInt8(below(8))
            }
        }
        return bytes
    }

    /// A text in pieces: runs of letters, of digits, of blanks, and single characters.
    private static func words(_ text: String) -> [String] {
        func kind(_ character: Character) -> Int {
            if character.isNumber { return 0 }
            if character.isLetter || character == "_" || character == "." { return 1 }
            return character.isWhitespace ? 2 : 3
        }
        var words: [String] = []
        var last = 3
        for character in text {
            let kind = kind(character)
            if kind == last, kind != 3 {
                words[words.count - 1].append(character)
            } else {
                words.append(String(character))
            }
            last = kind
        }
        return words
    }
}
