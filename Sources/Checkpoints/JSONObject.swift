import Tensors

/// The object at the top of a JSON file, read with messages that name the file and the key.
struct JSONObject {
    let file: String
    /// Where this object stands in the file, as `rope_scaling.`; empty at the top.
    let path: String
    let members: [String: JSON]

    init(file: String, path: String = "", members: [String: JSON]) {
        self.file = file
        self.path = path
        self.members = members
    }

    /// Parses a small JSON file that holds one object.
    init(readingFile file: String) throws(CheckpointError) {
        let mapped: MappedFile
        do {
            mapped = try MappedFile(path: file)
        } catch {
            throw CheckpointError(.fileNotReadable, error.message, cause: error)
        }
        guard mapped.byteCount <= 256 << 20 else {
            throw CheckpointError(.malformed, "\(file): \(mapped.byteCount) bytes are too many for this file")
        }
        try self.init(file: file, mapped: mapped)
    }

    /// Parses JSON text that holds one object; `file` is named in errors.
    init(parsing text: String, file: String) throws(CheckpointError) {
        let bytes = Array(text.utf8)
        try self.init(file: file) { () throws(JSONError) in
            try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
                try JSONReader.value(of: UnsafeRawBufferPointer(bytes))
            }
        }
    }

    private init(file: String, mapped: MappedFile) throws(CheckpointError) {
        try self.init(file: file) { () throws(JSONError) in
            try mapped.withBytes { bytes throws(JSONError) in try JSONReader.value(of: bytes) }
        }
    }

    private init(file: String, parse: () throws(JSONError) -> JSON) throws(CheckpointError) {
        let value: JSON
        do {
            value = try parse()
        } catch {
            throw CheckpointError(.malformed, "\(file): \(error)", cause: error)
        }
        guard case .object(let members) = value else {
            throw CheckpointError(.malformed, "\(file): holds \(value.kind) where an object should be")
        }
        self.init(file: file, members: members)
    }

    func malformed(_ key: String, _ reason: String) -> CheckpointError {
        CheckpointError(.malformed, "\(file): '\(path)\(key)' \(reason)")
    }

    func unsupported(_ key: String, _ reason: String) -> CheckpointError {
        CheckpointError(.unsupported, "\(file): '\(path)\(key)' \(reason)")
    }

    /// The value of a key; null counts as absent.
    subscript(key: String) -> JSON? {
        members[key].flatMap { $0 == .null ? nil : $0 }
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        guard let value = self[key] else { return nil }
        let integer: Int?
        switch value {
        case .integer(let whole): integer = whole
        case .number(let number): integer = Int(exactly: number)
        default: throw malformed(key, "is \(value.kind), and should be a whole number")
        }
        guard let integer, range.contains(integer) else {
            throw malformed(
                key,
                "is \(value.spelled), and should be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return integer
    }

    func requiredInteger(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int {
        guard let integer = try integer(key, in: range) else { throw malformed(key, "is missing") }
        return integer
    }

    func number(_ key: String) throws(CheckpointError) -> Double? {
        switch self[key] {
        case nil: return nil
        case .integer(let integer): return Double(integer)
        case .number(let number): return number
        case .some(let value): throw malformed(key, "is \(value.kind), and should be a number")
        }
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws(CheckpointError) -> Double? {
        guard let number = try number(key) else { return nil }
        guard range.contains(number) else {
            throw malformed(key, "is \(number), and should be from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func positiveNumber(_ key: String) throws(CheckpointError) -> Double? {
        guard let number = try number(key) else { return nil }
        // Further ones are infinite, or nothing, in the arithmetic of models.
        guard number > 0, number <= Double(Float.greatestFiniteMagnitude) else {
            throw malformed(
                key,
                "is \(number), and should be more than 0 and at most \(Float.greatestFiniteMagnitude)"
            )
        }
        return number
    }

    func bool(_ key: String) throws(CheckpointError) -> Bool? {
        switch self[key] {
        case nil: return nil
        case .bool(let bool): return bool
        case .some(let value): throw malformed(key, "is \(value.kind), and should be true or false")
        }
    }

    func string(_ key: String) throws(CheckpointError) -> String? {
        switch self[key] {
        case nil: return nil
        case .string(let string): return string
        case .some(let value): throw malformed(key, "is \(value.kind), and should be a string")
        }
    }

    func object(_ key: String) throws(CheckpointError) -> JSONObject? {
        switch self[key] {
        case nil: return nil
        case .object(let members): return JSONObject(file: file, path: "\(path)\(key).", members: members)
        case .some(let value): throw malformed(key, "is \(value.kind), and should be an object")
        }
    }

    func strings(_ key: String) throws(CheckpointError) -> [String]? {
        guard let value = self[key] else { return nil }
        guard case .array(let elements) = value else {
            throw malformed(key, "is \(value.kind), and should be a list of strings")
        }
        var strings: [String] = []
        for element in elements {
            guard case .string(let string) = element else {
                throw malformed(key, "has \(element.kind) in it, and should be a list of strings")
            }
            strings.append(string)
        }
        return strings
    }

    /// One token id or a list of them, as `eos_token_id` is written; empty when the key is absent.
    func tokenIDs(_ key: String) throws(CheckpointError) -> [Int] {
        let elements: [JSON]
        switch self[key] {
        case nil: return []
        case .array(let list): elements = list
        case .some(let value): elements = [value]
        }
        var ids: [Int] = []
        for element in elements {
            guard case .integer(let id) = element, (0..<1 << 31).contains(id) else {
                throw malformed(
                    key,
                    "has \(element.spelled), and should be a token id or a list of token ids, from 0 to \(Int32.max)"
                )
            }
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }
}
