import Foundation
import Logging

/// How a line of the log is written.
enum LogFormat: String, CaseIterable, Sendable {
    /// The time, the level, the message, and `name=value` for each field.
    case text
    /// One JSON object, with the members `time`, `level`, `message` and one for each field.
    case json

    /// Names that a JSON line has anyway: a field of that name gets another one.
    private static let ownNames: Set<String> = ["time", "level", "message"]

    /// One line, without its end.
    ///
    /// In text, values that are not plain are JSON strings, so that nothing from outside can pretend to be a line or a field.
    func line(_ level: Logger.Level, _ message: String, _ fields: Logger.Metadata = [:], at time: Date = Date())
        -> String
    {
        let time = Self.text(time)
        let fields = fields.sorted { $0.key < $1.key }
        switch self {
        case .text:
            let written = fields.map { " \(Self.plain($0.key))=\(Self.plain("\($0.value)"))" }
            return "\(time) \(level) \(Self.plain(message))\(written.joined())"
        case .json:
            let written = fields.map { name, value in
                let name = Self.ownNames.contains(name) ? "field_\(name)" : name
                return ",\(Self.quoted(name)):\(Self.json(value))"
            }
            return
                "{\"time\":\"\(time)\",\"level\":\"\(level)\",\"message\":\(Self.quoted(message))\(written.joined())}"
        }
    }

    /// In UTC, as RFC 3339 has it.
    private static func text(_ time: Date) -> String {
        time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// The text where it is plain, and else a JSON string.
    static func plain(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        return isPlain && !text.isEmpty ? text : quoted(text)
    }

    /// A JSON string of ASCII alone.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value >= 0x20 && scalar.value < 0x7F: result.unicodeScalars.append(scalar)
            default:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return result + "\""
    }

    /// Numbers and truth values as such, lists and mappings as theirs, and all else as a string.
    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .stringConvertible(let value as any BinaryInteger): "\(value)"
        case .stringConvertible(let value as Double) where value.isFinite: "\(value)"
        case .stringConvertible(let value as Bool): "\(value)"
        case .stringConvertible(let value): quoted("\(value)")
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }.joined(separator: ","))}"
        }
    }
}
