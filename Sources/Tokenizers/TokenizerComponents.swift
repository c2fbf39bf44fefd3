/// The parts of tokenizer.json around the model: what each describes, and a clear refusal of what we do not do.
struct TokenizerComponents {
    let path: String

    func normalizer(_ value: JSONValue?) throws(TokenizerError) -> Normalizer {
        switch try type(value, "normalizer") {
        case nil: return .none
        case "NFC": return .composed
        case "Sequence":
            var result = Normalizer.none
            for part in value?["normalizers"]?.array ?? [] where try normalizer(part) == .composed {
                result = .composed
            }
            return result
        case let other?: throw unsupported("normalizer", other, "NFC")
        }
    }

    /// A byte-level pre-tokenizer, alone or at the end of a sequence.
    func preTokenizer(_ value: JSONValue?) throws(TokenizerError) -> PreTokenizer {
        guard let kind = try type(value, "pre_tokenizer"), let value else {
            throw unsupported("pre_tokenizer", "null", "ByteLevel")
        }
        let parts = kind == "Sequence" ? value["pretokenizers"]?.array ?? [] : [value]
        guard let last = parts.last, try type(last, "pre_tokenizer") == "ByteLevel" else {
            throw unsupported("pre_tokenizer", "\(kind) that does not end with ByteLevel", "ByteLevel")
        }
        var splits: [SplitPattern] = []
        for part in parts.dropLast() {
            switch try type(part, "pre_tokenizer") {
            case "Split": splits.append(try split(part))
            case "Digits": splits.append(.digits(individual: part["individual_digits"]?.bool ?? false))
            case let other: throw unsupported("pre_tokenizer", other ?? "null", "Split, Digits, ByteLevel")
            }
        }
        let addsPrefixSpace = last["add_prefix_space"]?.bool ?? true
        guard !addsPrefixSpace || splits.isEmpty else {
            throw unsupported("pre_tokenizer", "ByteLevel with add_prefix_space after another", "it alone")
        }
        if last["use_regex"]?.bool ?? true { splits.append(.gpt2) }
        return PreTokenizer(splits: splits, addsPrefixSpace: addsPrefixSpace)
    }

    private func split(_ value: JSONValue) throws(TokenizerError) -> SplitPattern {
        guard let regex = value["pattern"]?["Regex"]?.string else {
            throw unsupported("pre_tokenizer", "Split by a fixed string", "Split by a known regular expression")
        }
        guard let pattern = SplitPattern(regex: regex) else {
            throw unsupported("pre_tokenizer", "Split by '\(regex)'", "the patterns of GPT-2, Qwen and Llama 3")
        }
        // The known patterns match every character, so keeping the matches and keeping everything are the same.
        switch (value["behavior"]?.string, value["invert"]?.bool ?? false) {
        case ("Isolated", _), ("Removed", true): return pattern
        case (let behavior, _): throw unsupported("pre_tokenizer", "Split with '\(behavior ?? "null")'", "Isolated")
        }
    }

    func checkDecoder(_ value: JSONValue?) throws(TokenizerError) {
        switch try type(value, "decoder") {
        case "ByteLevel": return
        case "Sequence":
            for part in value?["decoders"]?.array ?? [] { try checkDecoder(part) }
        case let other: throw unsupported("decoder", other ?? "null", "ByteLevel")
        }
    }

    /// The ids that a post-processor puts before and after a single text.
    func postProcessor(_ value: JSONValue?) throws(TokenizerError) -> (prefix: [Int], suffix: [Int]) {
        switch try type(value, "post_processor") {
        case nil, "ByteLevel": return ([], [])
        case "Sequence":
            var result: (prefix: [Int], suffix: [Int]) = ([], [])
            for part in value?["processors"]?.array ?? [] {
                let (prefix, suffix) = try postProcessor(part)
                result = (prefix + result.prefix, result.suffix + suffix)
            }
            return result
        case "TemplateProcessing": return try template(value ?? .null)
        case let other?: throw unsupported("post_processor", other, "ByteLevel, TemplateProcessing")
        }
    }

    private func template(_ value: JSONValue) throws(TokenizerError) -> (prefix: [Int], suffix: [Int]) {
        var prefix: [Int] = []
        var suffix: [Int] = []
        var textSeen = false
        for piece in value["single"]?.array ?? [] {
            if piece["Sequence"] != nil {
                textSeen = true
            } else if let token = piece["SpecialToken"]?["id"]?.string,
                let ids = value["special_tokens"]?[token]?["ids"]?.array?.compactMap(\.int)
            {
                for id in ids where !(0...Vocabulary.largestID).contains(id) {
                    throw TokenizerError(
                        .malformedFile,
                        "\(path): post_processor: the id \(id) of '\(token)' is not in 0...\(Vocabulary.largestID)"
                    )
                }
                if textSeen { suffix += ids } else { prefix += ids }
            } else {
                throw TokenizerError(.malformedFile, "\(path): post_processor: a piece of the template is not known")
            }
        }
        return (prefix, suffix)
    }

    /// The "type" of a component; nil when it is absent.
    private func type(_ value: JSONValue?, _ component: String) throws(TokenizerError) -> String? {
        guard let value, value != .null else { return nil }
        guard let type = value["type"]?.string else {
            throw TokenizerError(.malformedFile, "\(path): \(component) is \(value.kind) without a \"type\"")
        }
        return type
    }

    private func unsupported(_ component: String, _ found: String, _ known: String) -> TokenizerError {
        TokenizerError(.unsupported, "\(path): \(component): \(found) is not supported; known: \(known)")
    }
}
