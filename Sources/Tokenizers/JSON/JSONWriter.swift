/// Writes JSON text exactly as Python's `json.dumps(value, ensure_ascii=False)` does, which is what `tojson` gives.
struct JSONWriter {
    /// Spaces per level; nil writes one line.
    var indent: Int?
    var sortKeys = false
    var ensureASCII = false
    var itemSeparator: String
    var keySeparator = ": "
    private(set) var text = ""

    init(indent: Int? = nil, itemSeparator: String? = nil, keySeparator: String = ": ") {
        self.indent = indent
        self.itemSeparator = itemSeparator ?? (indent == nil ? ", " : ",")
        self.keySeparator = keySeparator
    }

    /// Appends `value`.
    ///
    /// Its depth is the caller's to limit: values from `JSONReader` and from templates are bounded.
    mutating func write(_ value: JSONValue, level: Int = 0) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .double(let value):
            text += value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : pythonText(value)
        case .string(let value): writeString(value)
        case .array(let values):
            writeItems("[", "]", count: values.count, level: level) { writer, index in
                writer.write(values[index], level: level + 1)
            }
        case .object(let object):
            var order = Array(0..<object.count)
            if sortKeys {
                order.sort { object.keys[$0].unicodeScalars.lexicographicallyPrecedes(object.keys[$1].unicodeScalars) }
            }
            writeItems("{", "}", count: object.count, level: level) { writer, index in
                writer.writeString(object.keys[order[index]])
                writer.text += writer.keySeparator
                writer.write(object.values[order[index]], level: level + 1)
            }
        }
    }

    private mutating func writeItems(
        _ open: String,
        _ close: String,
        count: Int,
        level: Int,
        _ item: (inout JSONWriter, Int) -> Void
    ) {
        text += open
        for index in 0..<count {
            if index > 0 { text += itemSeparator }
            newLine(level + 1)
            item(&self, index)
        }
        if count > 0 { newLine(level) }
        text += close
    }

    private mutating func newLine(_ level: Int) {
        guard let indent else { return }
        text += "\n" + String(repeating: " ", count: indent * level)
    }

    private mutating func writeString(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{C}": text += "\\f"
            case _ where scalar.value < 0x20 || (ensureASCII && scalar.value > 0x7E):
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

/// Writes a finite number as Python's `repr` does: shortest digits, exponent form below 1e-4 and from 1e16.
func pythonText(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    // Swift's description has the same shortest digits, but changes to exponent form elsewhere.
    var digits = ""
    var exponent = 0
    var pointSeen = false
    let description = value.magnitude.description
    let mantissa = description.prefix { $0 != "e" }
    for character in mantissa {
        if character == "." {
            pointSeen = true
        } else {
            digits.append(character)
            if !pointSeen { exponent += 1 }
        }
    }
    exponent += Int(description.dropFirst(mantissa.count + 1)) ?? 0
    let leadingZeros = digits.prefix { $0 == "0" }.count
    if leadingZeros == digits.count { return value.sign == .minus ? "-0.0" : "0.0" }
    digits.removeFirst(leadingZeros)
    exponent -= leadingZeros
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    let sign = value < 0 ? "-" : ""
    if exponent > 16 || exponent < -3 {
        let rest = digits.dropFirst()
        let power = exponent - 1
        let magnitude = String(power.magnitude)
        return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e" + (power < 0 ? "-" : "+")
            + (magnitude.count < 2 ? "0" : "") + magnitude
    }
    if exponent <= 0 { return sign + "0." + String(repeating: "0", count: -exponent) + digits }
    if digits.count <= exponent {
        return sign + digits + String(repeating: "0", count: exponent - digits.count) + ".0"
    }
    return sign + digits.prefix(exponent) + "." + digits.dropFirst(exponent)
}
