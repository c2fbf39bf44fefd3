// `_nfc` and `_nfd` are the standard library's own normalisation (Foundation reaches it in the same way); there is no
// public one that keeps code points apart from `String`'s canonical comparison.
@_spi(_Unicode) import Swift

/// What is done to a text before it is cut into words.
enum Normalizer: Sendable {
    case none
    /// Unicode's canonical composition, with the character data of Unicode 9, as the reference implementation has it.
    case composed

    /// Returns the normalised text, or nil when `text` is already that.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Nothing below U+0300 (0xCC in UTF-8) is changed or reordered by composition.
        guard self == .composed, text.contains(where: { $0 >= 0xCC }) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + 16)
        var segment = Segment()
        var index = 0
        while index < text.count {
            var (value, length) = decodeScalar(text, at: index)
            if Self.isSettled(value) {
                // What came before it is whole, and of several in a row only the last may meet a mark.
                segment.flush(into: &output)
                let start = index
                while index + length < text.count {
                    let (next, nextLength) = decodeScalar(text, at: index + length)
                    guard Self.isSettled(next) else { break }
                    index += length
                    (value, length) = (next, nextLength)
                }
                output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            }
            index += length
            guard let scalar = Unicode.Scalar(value) else { continue }
            switch value {
            // Signs of class 0 that decompose into marks of other classes: `_nfc` would take them for a border.
            case 0x0F73: segment.append(contentsOf: ["\u{0F71}", "\u{0F72}"])
            case 0x0F75: segment.append(contentsOf: ["\u{0F71}", "\u{0F74}"])
            case 0x0F81: segment.append(contentsOf: ["\u{0F71}", "\u{0F80}"])
            case 0x300... where (scalar.properties.age?.major ?? 99) > 9:
                // Unknown to Unicode 9: neither composed nor reordered, so a border between two segments.
                segment.flush(into: &output)
                output.append(contentsOf: text[index - length..<index])
            default: segment.append(contentsOf: [scalar])
            }
        }
        segment.flush(into: &output)
        return output
    }

    /// Whether a character stays as it is, is of class 0 and never joins the one before it.
    ///
    /// Composition may then begin with it. Most of a text is made of these; others have this too and are only slower.
    @inline(__always)
    private static func isSettled(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x300: true  // Latin
        case 0x388...0x482: true  // Greek and Cyrillic
        case 0x2010...0x2027: true  // dashes and quotation marks
        case 0x2190...0x2300: true  // arrows and mathematical operators
        case 0x3400...0x9FFF: true  // Chinese
        default: false
        }
    }
}

/// A stretch of text that is composed at once.
private struct Segment {
    private var scalars: [Unicode.Scalar] = []
    private var marks = 0
    private var hasLongRun = false

    /// Above this many marks in a row `_nfc`, which takes quadratic time in them, is not used.
    ///
    /// No language needs more than this many (UAX #15, stream-safe text).
    private static let longestRun = 30

    mutating func append(contentsOf new: [Unicode.Scalar]) {
        for scalar in new {
            scalars.append(scalar)
            marks = scalar.value < 0x300 || scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            if marks > Self.longestRun { hasLongRun = true }
        }
    }

    mutating func flush(into output: inout [UInt8]) {
        if hasLongRun {
            for scalar in composedStepwise() { output.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
        } else {
            for scalar in Self.string(scalars)._nfc { output.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
        }
        scalars.removeAll(keepingCapacity: true)
        marks = 0
        hasLongRun = false
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// The canonical composition algorithm (Unicode, section 3.11) in O(n log n) for runs of any length.
    private func composedStepwise() -> [Unicode.Scalar] {
        var decomposed: [(scalar: Unicode.Scalar, order: UInt8)] = []
        for scalar in scalars {
            for part in String(scalar)._nfd {
                decomposed.append((part, part.properties.canonicalCombiningClass.rawValue))
            }
        }
        var start = 0
        while start < decomposed.count {
            var end = start + 1
            if decomposed[start].order != 0 {
                while end < decomposed.count, decomposed[end].order != 0 { end += 1 }
                // Stable, because the position decides between equals.
                let order = (start..<end).sorted { (decomposed[$0].order, $0) < (decomposed[$1].order, $1) }
                decomposed.replaceSubrange(start..<end, with: order.map { decomposed[$0] })
            }
            start = end
        }
        var result: [Unicode.Scalar] = []
        var starter: Int?
        // The class of the last character after the starter; nil when there is none, so that nothing blocks.
        var last: UInt8?
        for (scalar, order) in decomposed {
            if let starter, last.map({ $0 != 0 && $0 < order }) ?? true,
                let composite = Self.composite(result[starter], scalar)
            {
                result[starter] = composite
                continue
            }
            if order == 0 {
                starter = result.count
                last = nil
            } else {
                last = order
            }
            result.append(scalar)
        }
        return result
    }

    private static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        let composed = Array(string([first, second])._nfc)
        return composed.count == 1 ? composed[0] : nil
    }
}
