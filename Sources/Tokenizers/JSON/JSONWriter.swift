/// Writes JSON text in one line, exactly as Python's `json.dumps(value, ensure_ascii=False)` does.
struct JSONWriter {
    private(set) var text = ""

    /// Appends `value`.
    ///
    /// Its depth is the caller's to limit: values from `JSONReader` and from templates are bounded.
    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .double(let value):
            text += value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : pythonText(value)
        case .string(let value): writeString(value)
        case .array(let values):
            writeItems("[", "]", count: values.count) { writer, index in writer.write(values[index]) }
        case .object(let object):
            writeItems("{", "}", count: object.count) { writer, index in
                writer.writeString(object.keys[index])
                writer.text += ": "
                writer.write(object.values[index])
            }
        }
    }

    private mutating func writeItems(
        _ open: String,
        _ close: String,
        count: Int,
        _ item: (inout JSONWriter, Int) -> Void
    ) {
        text += open
        for index in 0..<count {
            if index > 0 { text += ", " }
            item(&self, index)
        }
        text += close
    }

    private mutating func writeString(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            if let escape = Self.escape(scalar, ensureASCII: false) {
                text += escape
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    /// How a character is written inside of a JSON string; nil for as it is.
    static func escape(_ scalar: Unicode.Scalar, ensureASCII: Bool) -> String? {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{8}": return "\\b"
        case "\u{C}": return "\\f"
        case _ where scalar.value < 0x20 || (ensureASCII && scalar.value > 0x7E):
            let units = UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter
            return units.reduce(into: "") { text, unit in
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        default: return nil
        }
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
