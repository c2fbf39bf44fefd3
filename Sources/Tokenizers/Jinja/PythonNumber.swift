#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Python's numbers where Swift's differ: reading, rounding and writing them.
enum PythonNumber {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    /// `int(text, base)`.
    static func int(_ text: String, base: Int = 10) -> Int? {
        var digits = Text(text).stripped().string
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            sign = String(first)
            digits.removeFirst()
        }
        var radix = base
        let prefixes: [(String, Int)] = [("0b", 2), ("0o", 8), ("0x", 16)]
        if let (_, found) = prefixes.first(where: { digits.lowercased().hasPrefix($0.0) && [0, $0.1].contains(base) }) {
            radix = found
            digits.removeFirst(2)
            if digits.hasPrefix("_") { digits.removeFirst() }
        } else if base == 0 {
            radix = 10
        }
        guard 2...36 ~= radix, let plain = withoutSeparators(digits) else { return nil }
        return Int(sign + plain, radix: radix)
    }

    /// `float(text)`.
    static func double(_ text: String) -> Double? {
        let stripped = Text(text).stripped().string.lowercased()
        switch stripped {
        case "inf", "infinity", "+inf", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default:
            guard stripped.utf8.allSatisfy({ "0123456789+-.e_".utf8.contains($0) }),
                let plain = withoutSeparators(stripped)
            else { return nil }
            return Double(plain)
        }
    }

    /// Digits without the underscores between them; nil where an underscore stands elsewhere.
    private static func withoutSeparators(_ digits: String) -> String? {
        let bytes = Array(digits.utf8)
        guard !bytes.isEmpty, bytes.first != 0x2D, bytes.first != 0x2B || bytes.count > 1 else {
            return bytes.first == 0x2D && bytes.count > 1 ? digits : nil
        }
        for (index, byte) in bytes.enumerated() where byte == 0x5F {
            guard index > 0, index + 1 < bytes.count, isAlphanumeric(bytes[index - 1]), isAlphanumeric(bytes[index + 1])
            else { return nil }
        }
        return String(decoding: bytes.filter { $0 != 0x5F }, as: UTF8.self)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x7A ~= byte | 0x20
    }

    /// `round(value, places)`: halves go to the even digit, by the number's exact value.
    static func rounded(_ value: Double, places: Int) -> Double {
        guard value.isFinite, places < 309 else { return value }
        guard places < 0 else { return Double(text(value, "f", precision: places)) ?? value }
        let scale = pow(10, Double(-places))
        return scale.isFinite ? (value / scale).rounded(.toNearestOrEven) * scale : 0
    }

    /// A number as C's `printf` writes it by "e", "f" or "g", which rounds as Python does.
    static func text(_ value: Double, _ conversion: String, precision: Int, alternate: Bool = false) -> String {
        let format = "%\(alternate ? "#" : "").\(min(max(precision, 0), 400))\(conversion)"
        let bytes = [UInt8](unsafeUninitializedCapacity: 800) { buffer, count in
            let written = buffer.withMemoryRebound(to: CChar.self) { place in
                withVaList([value]) { vsnprintf(place.baseAddress, place.count, format, $0) }
            }
            count = max(0, min(Int(written), buffer.count - 1))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
