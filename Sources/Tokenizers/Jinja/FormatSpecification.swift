/// How one value is written: what stands between `%` and its letter, or after the colon in `{:...}`.
struct FormatSpecification {
    enum Alignment: Character { case left = "<", right = ">", center = "^", afterSign = "=" }

    var fill: UInt32 = 0x20
    var alignment: Alignment?
    /// "+" or " " for a sign before positive numbers.
    var sign: Character?
    var isAlternate = false
    var isZeroFilled = false
    var width = 0
    /// "," or "_" between groups of digits.
    var grouping: Character?
    var precision: Int?
    var type: Character?

    /// Wider texts are refused.
    static let widest = 1 << 20

    init() {}

    /// Parses Python's format specification; nil when it is none.
    init?(_ text: Text) {
        var rest = text.units[...]
        func value(_ offset: Int) -> Character? {
            rest.count > offset ? Character(Text.scalar(rest[rest.startIndex + offset])) : nil
        }
        func skip(_ set: String) -> Character? {
            guard let first = value(0), set.contains(first) else { return nil }
            rest.removeFirst()
            return first
        }
        func number() -> Int? {
            var digits = ""
            while let digit = skip("0123456789") { digits.append(digit) }
            return digits.isEmpty ? nil : min(Int(digits) ?? .max, Self.widest)
        }
        if let found = value(1).flatMap(Alignment.init) {
            (fill, alignment) = (rest[rest.startIndex], found)
            rest.removeFirst(2)
        } else if let found = value(0).flatMap(Alignment.init) {
            alignment = found
            rest.removeFirst()
        }
        sign = skip("+- ")
        _ = skip("z")
        isAlternate = skip("#") != nil
        isZeroFilled = skip("0") != nil
        width = number() ?? 0
        grouping = skip(",_")
        if skip(".") != nil {
            guard let found = number() else { return nil }
            precision = found
        }
        type = value(0)
        guard rest.count <= 1 else { return nil }
        if isZeroFilled, alignment == nil { (alignment, fill) = (.afterSign, 0x30) }
    }

    // MARK: Numbers

    /// A whole number; nil for a type that whole numbers have not.
    func text(_ value: Int) -> Text? {
        let radix: (Int, String)
        switch type {
        case nil, "d", "n", "i", "u": radix = (10, "")
        case "b": radix = (2, "0b")
        case "o": radix = (8, "0o")
        case "x", "X": radix = (16, type == "x" ? "0x" : "0X")
        case "c":
            guard let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init) else { return nil }
            return padded(Text(String(Character(scalar))), default: .left)
        case "e", "E", "f", "F", "g", "G", "%": return text(Double(value))
        default: return nil
        }
        var digits = String(value.magnitude, radix: radix.0, uppercase: type == "X")
        if let precision, digits.count < precision {
            digits = String(repeating: "0", count: precision - digits.count) + digits
        }
        return number(
            isNegative: value < 0,
            prefix: isAlternate ? radix.1 : "",
            digits: digits,
            rest: "",
            group: radix.0 == 10 ? 3 : 4
        )
    }

    /// A number with a point; nil for a type that such numbers have not.
    func text(_ value: Double) -> Text? {
        var digits: String
        let magnitude = value.magnitude
        switch type {
        case nil where precision == nil && value.isFinite: digits = pythonText(magnitude)
        case nil:
            digits = PythonNumber.text(magnitude, "g", precision: max(precision ?? 6, 1), alternate: isAlternate)
            if value.isFinite, !digits.contains("."), !digits.contains("e") { digits += ".0" }
        case "e", "E", "f", "F", "g", "G":
            let conversion = String(type ?? "f").lowercased()
            digits = PythonNumber.text(magnitude, conversion, precision: precision ?? 6, alternate: isAlternate)
            if type?.isUppercase ?? false { digits = digits.uppercased() }
        case "n": digits = PythonNumber.text(magnitude, "g", precision: precision ?? 6, alternate: isAlternate)
        case "%": digits = PythonNumber.text(magnitude * 100, "f", precision: precision ?? 6) + "%"
        default: return nil
        }
        if !value.isFinite { digits = (value.isNaN ? "nan" : "inf") + (type == "%" ? "%" : "") }
        if !value.isFinite, type?.isUppercase ?? false { digits = digits.uppercased() }
        let whole = digits.prefix { $0.isNumber }
        return number(
            isNegative: value.sign == .minus && !value.isNaN,
            prefix: "",
            digits: String(whole),
            rest: String(digits.dropFirst(whole.count)),
            group: 3
        )
    }

    private func number(isNegative: Bool, prefix: String, digits: String, rest: String, group: Int) -> Text {
        let head = (isNegative ? "-" : sign.map { $0 == "-" ? "" : String($0) } ?? "") + prefix
        var digits = digits
        if let grouping {
            if alignment == .afterSign, fill == 0x30 {
                let room = width - head.count - rest.count
                while grouped(digits, grouping, group).count < room { digits = "0" + digits }
            }
            digits = grouped(digits, grouping, group)
        }
        let body = digits + rest
        guard alignment == .afterSign else { return padded(Text(head + body), default: .right) }
        let room = max(0, width - head.count - body.count)
        return Text(head) + Text(units: repeatElement(fill, count: room)) + Text(body)
    }

    private func grouped(_ digits: String, _ separator: Character, _ size: Int) -> String {
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % size == 0 { result.append(separator) }
            result.append(digit)
        }
        return result
    }

    // MARK: Width

    func padded(_ text: Text, default standard: Alignment) -> Text {
        let side = alignment ?? standard
        let room = max(0, width - text.count)
        let before = side == .right ? room : side == .center ? room / 2 : 0
        var result = Text(units: repeatElement(fill, count: before), isMarkup: text.isMarkup)
        result.append(text)
        result.append(Text(units: repeatElement(fill, count: room - before)))
        return result
    }
}
