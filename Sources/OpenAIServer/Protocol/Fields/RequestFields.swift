import Tokenizers

/// The members of a request's JSON object; what is not of the right type or range is an error that names the member.
///
/// Null is as good as not there. `KnownFields` looks at those that nobody asks for.
struct RequestFields {
    let object: JSONObject
    /// What stands before the names in errors, such as `messages[0].`.
    private let path: String

    /// Parses a body.
    init(_ body: [UInt8]) throws(APIError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: body, name: "the body")
        } catch {
            throw .invalid(nil, "the body is not JSON: \(error.message)")
        }
        try self.init(value, path: "")
        for (key, value) in zip(object.keys, object.values) where !value.isFinite {
            throw .invalid(key, "'\(key.escaped(limit: 64))' has a number in it that is not finite or too large")
        }
    }

    init(_ value: JSONValue, path: String) throws(APIError) {
        guard let object = value.object else {
            let name = path.isEmpty ? "the body" : path
            throw .invalid(path.isEmpty ? nil : path, "\(name) is \(value.kind); it must be an object")
        }
        self.object = object
        self.path = path.isEmpty ? "" : path + "."
    }

    func name(_ key: String) -> String { path + key }

    func value(_ key: String) -> JSONValue? {
        let value = object[key]
        return value == .null ? nil : value
    }

    func string(_ key: String, maxLength: Int = .max) throws(APIError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw wrong(key, value, "a string") }
        guard text.utf8.count <= maxLength else {
            throw .invalid(name(key), "'\(name(key))' is longer than \(maxLength) bytes")
        }
        return text
    }

    func bool(_ key: String) throws(APIError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else { throw wrong(key, value, "true or false") }
        return flag
    }

    func int(_ key: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = value(key) else { return nil }
        let number: Int? =
            switch value {
            case .int(let number): number
            case .double(let number): Int(exactly: number)
            default: nil
            }
        let bounds = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let number, range.contains(number) else { throw wrong(key, value, bounds) }
        return number
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let value = value(key) else { return nil }
        return try Self.number(value, in: range, name: name(key))
    }

    /// NaN is in no range.
    static func number(_ value: JSONValue, in range: ClosedRange<Double>, name: String) throws(APIError) -> Double {
        let number: Double? =
            switch value {
            case .int(let number): Double(number)
            case .double(let number): number
            default: nil
            }
        guard let number, range.contains(number) else {
            throw wrong(name, value, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func array(_ key: String, maxCount: Int) throws(APIError) -> [JSONValue]? {
        guard let value = value(key) else { return nil }
        guard let elements = value.array else { throw wrong(key, value, "a list") }
        guard elements.count <= maxCount else {
            throw .invalid(name(key), "'\(name(key))' has \(elements.count) elements; \(maxCount) are allowed")
        }
        return elements
    }

    /// Texts, of which none is empty; one may stand without a list around it.
    func strings(_ key: String, maxCount: Int, maxLength: Int) throws(APIError) -> [String] {
        guard let value = value(key) else { return [] }
        let expected = "a string or a list of strings"
        if value.string == nil, value.array == nil { throw wrong(key, value, expected) }
        var strings: [String] = []
        for element in value.string != nil ? [value] : try array(key, maxCount: maxCount) ?? [] {
            guard let text = element.string else { throw wrong(key, element, expected) }
            guard !text.isEmpty, text.utf8.count <= maxLength else {
                throw .invalid(
                    name(key),
                    "a string of '\(name(key))' has 1 to \(maxLength) bytes; this one has \(text.utf8.count)"
                )
            }
            strings.append(text)
        }
        return strings
    }

    func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> APIError {
        Self.wrong(name(key), value, expected)
    }

    static func wrong(_ name: String, _ value: JSONValue, _ expected: String) -> APIError {
        let found: String =
            switch value {
            case .int(let number): String(number)
            case .double(let number): String(number)
            default: value.kind
            }
        return .invalid(name, "'\(name)' is \(found); it must be \(expected)")
    }
}
