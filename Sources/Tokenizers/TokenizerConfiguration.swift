/// What `tokenizer_config.json` says; everything in it is optional.
struct TokenizerConfiguration: Sendable {
    let path: String
    var fields = JSONObject()

    /// Reads the file of a checkpoint folder; empty when there is none.
    ///
    /// Special tokens that it does not name are taken from `special_tokens_map.json`, where older checkpoints have them.
    init(directory: String) throws(TokenizerError) {
        path = directory + "/tokenizer_config.json"
        fields = try Self.object(path)
        let others = try Self.object(directory + "/special_tokens_map.json")
        // Where the added tokens are listed, a null says that there is no such token.
        let isComplete = fields["added_tokens_decoder"] != nil
        for (key, value) in zip(others.keys, others.values)
        where fields[key] == nil || !isComplete && fields[key] == .null {
            fields[key] = value
        }
    }

    private static func object(_ path: String) throws(TokenizerError) -> JSONObject {
        guard let bytes = try FileBytes.readIfPresent(path) else { return JSONObject() }
        guard case .object(let object) = try JSONValue(parsing: bytes, name: path) else {
            throw TokenizerError(.malformedFile, "\(path): the file is not a JSON object")
        }
        return object
    }

    /// The special tokens by their names, which templates use as variables.
    var templateVariables: JSONObject {
        var variables = JSONObject()
        for (key, value) in zip(fields.keys, fields.values) {
            if key.hasSuffix("_token"), let content = Self.content(value) {
                variables[key] = .string(content)
            } else if key == "additional_special_tokens" || key == "extra_special_tokens", let tokens = value.array {
                variables[key] = .array(tokens.compactMap(Self.content).map { .string($0) })
            }
        }
        return variables
    }

    /// The text of a token such as `eos_token`, which is written as a string or as `{"content": ...}`.
    func token(_ key: String) -> String? {
        fields[key].flatMap(Self.content)
    }

    private static func content(_ value: JSONValue) -> String? {
        value.string ?? value["content"]?.string
    }

    func flag(_ key: String) -> Bool { fields[key]?.bool ?? false }

    /// Every token that the configuration names as special: bos, eos, unk, pad and the additional ones.
    var specialTokens: [String] {
        var tokens: [String] = []
        for (key, value) in zip(fields.keys, fields.values) {
            if key.hasSuffix("_token"), let content = Self.content(value) {
                tokens.append(content)
            } else if key == "additional_special_tokens" || key == "extra_special_tokens" {
                tokens += (value.array ?? value.object?.values ?? []).compactMap(Self.content)
            }
        }
        return tokens
    }

    /// The tokens of `added_tokens_decoder`: `{"151643": {"content": ..., "special": ...}, ...}`.
    func addedTokens() throws(TokenizerError) -> [AddedToken] {
        guard let value = fields["added_tokens_decoder"] else { return [] }
        guard let object = value.object else {
            throw TokenizerError(.malformedFile, "\(path): added_tokens_decoder is \(value.kind), not an object")
        }
        var tokens: [AddedToken] = []
        for (key, value) in zip(object.keys, object.values) {
            guard let id = Int(key) else {
                throw TokenizerError(.malformedFile, "\(path): added_tokens_decoder: '\(key)' is not a token id")
            }
            tokens.append(try AddedToken(value, id: id, name: "\(path): added_tokens_decoder: \(key)"))
        }
        return tokens.sorted { $0.id < $1.id }
    }
}

extension AddedToken {
    /// Reads `{"content": ..., "special": ..., "lstrip": ...}`; an `id` inside is used where none is given.
    init(_ value: JSONValue, id givenID: Int?, name: String) throws(TokenizerError) {
        guard let content = value["content"]?.string else {
            throw TokenizerError(.malformedFile, "\(name): an added token without \"content\"")
        }
        guard let id = givenID ?? value["id"]?.int, 0...Vocabulary.largestID ~= id else {
            throw TokenizerError(.malformedFile, "\(name): the added token '\(content)' has no id in range")
        }
        guard content.utf8.count <= AddedTokens.longestContent else {
            throw TokenizerError(
                .unsupported,
                "\(name): the added token \(id) is longer than \(AddedTokens.longestContent) bytes"
            )
        }
        self.init(id: id, content: content)
        isSpecial = value["special"]?.bool ?? false
        stripsLeft = value["lstrip"]?.bool ?? false
        stripsRight = value["rstrip"]?.bool ?? false
        isSingleWord = value["single_word"]?.bool ?? false
        isNormalized = value["normalized"]?.bool ?? !isSpecial
    }
}
