/// Reads the tokenizer of a checkpoint folder.
enum TokenizerFile {
    static func load(directory: String) throws(TokenizerError) -> Tokenizer {
        let configuration = try TokenizerConfiguration(directory: directory)
        let path = directory + "/tokenizer.json"
        var tokenizer: Tokenizer
        if let bytes = try FileBytes.readIfPresent(path) {
            tokenizer = try read(bytes, path: path)
            for token in try configuration.addedTokens() {
                tokenizer.addedTokens.add(token, normalizer: tokenizer.normalizer)
            }
        } else {
            tokenizer = try loadVocabularyAndMerges(directory: directory, configuration)
        }
        tokenizer.beginningOfTextID = configuration.token("bos_token").flatMap { tokenizer.id(of: $0) }
        tokenizer.endOfTextID = configuration.token("eos_token").flatMap { tokenizer.id(of: $0) }
        tokenizer.namedTokens = Set(configuration.specialTokens.compactMap { tokenizer.id(of: $0) })
        return tokenizer
    }

    /// Reads tokenizer.json.
    ///
    /// `path` is for messages.
    static func read(_ bytes: [UInt8], path: String) throws(TokenizerError) -> Tokenizer {
        var parts = JSONObject()
        var options = JSONObject()
        var pairs: BytePairReader? = BytePairReader(name: path, byteCount: bytes.count)
        try JSONReader.read(bytes, name: path) { (reader) throws(TokenizerError) in
            try reader.object { (key, reader) throws(TokenizerError) in
                guard key == "model" else {
                    parts[key] = try reader.value()
                    return
                }
                try reader.object { (key, reader) throws(TokenizerError) in
                    switch key {
                    case "vocab" where reader.peek() == 0x7B: try pairs?.readVocabulary(&reader)
                    case "merges": try pairs?.readMerges(&reader)
                    default: options[key] = try reader.value()
                    }
                }
            }
        }
        if let type = options["type"], type != "BPE" {
            throw TokenizerError(.unsupported, "\(path): the model is \(type.string ?? type.kind); known: BPE")
        }
        let components = TokenizerComponents(path: path)
        try components.checkDecoder(parts["decoder"])
        let preTokenizer = try components.preTokenizer(parts["pre_tokenizer"])
        guard var model = try pairs.take()?.finish() else { preconditionFailure("the reader is taken once") }
        try apply(options, to: &model, path: path)
        var tokenizer = Tokenizer(
            normalizer: try components.normalizer(parts["normalizer"]),
            preTokenizer: preTokenizer,
            model: model,
            addedTokens: AddedTokens()
        )
        for token in parts["added_tokens"]?.array ?? [] {
            tokenizer.addedTokens.add(
                try AddedToken(token, id: nil, name: "\(path): added_tokens"),
                normalizer: tokenizer.normalizer
            )
        }
        (tokenizer.prefixIDs, tokenizer.suffixIDs) = try components.postProcessor(parts["post_processor"])
        return tokenizer
    }

    private static func apply(
        _ options: JSONObject,
        to model: inout BytePairEncoding,
        path: String
    ) throws(TokenizerError) {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] where !(options[key]?.string ?? "").isEmpty {
            throw TokenizerError(.unsupported, "\(path): model: \(key) is not supported")
        }
        if options["byte_fallback"]?.bool ?? false {
            throw TokenizerError(.unsupported, "\(path): model: byte_fallback is not supported; known: byte-level BPE")
        }
        switch options["dropout"] {
        case nil, .null, .int(0), .double(0): break
        default: throw TokenizerError(.unsupported, "\(path): model: dropout makes encoding random; set it to null")
        }
        model.ignoresMerges = options["ignore_merges"]?.bool ?? false
        model.fusesUnknown = options["fuse_unk"]?.bool ?? false
        if let unknown = options["unk_token"]?.string {
            guard let id = model.vocabulary.id(ofText: unknown) else {
                throw TokenizerError(.malformedFile, "\(path): model: unk_token '\(unknown)' is not in the vocabulary")
            }
            model.unknownID = id
        }
    }

    /// The older layout: `vocab.json`, `merges.txt`, and added tokens in other files.
    ///
    /// The tokenizer's class says which pattern splits the text.
    private static func loadVocabularyAndMerges(
        directory: String,
        _ configuration: TokenizerConfiguration
    ) throws(TokenizerError) -> Tokenizer {
        let vocabularyPath = directory + "/vocab.json"
        let mergesPath = directory + "/merges.txt"
        guard let vocabulary = try FileBytes.readIfPresent(vocabularyPath),
            let merges = try FileBytes.readIfPresent(mergesPath)
        else {
            throw TokenizerError(
                .fileNotReadable,
                "\(directory): no tokenizer: there is neither tokenizer.json nor vocab.json with merges.txt"
            )
        }
        let tokenizerClass = configuration.fields["tokenizer_class"]?.string ?? ""
        let normalizer: Normalizer
        let preTokenizer: PreTokenizer
        switch tokenizerClass {
        case "Qwen2Tokenizer", "Qwen2TokenizerFast":
            normalizer = .composed
            preTokenizer = PreTokenizer(splits: [.gpt4(digits: 1, joinsMarks: false)])
        case "GPT2Tokenizer", "GPT2TokenizerFast":
            normalizer = .none
            preTokenizer = PreTokenizer(splits: [.gpt2], addsPrefixSpace: configuration.flag("add_prefix_space"))
        default:
            throw TokenizerError(
                .unsupported,
                "\(configuration.path): tokenizer_class is '\(tokenizerClass)': without tokenizer.json only"
                    + " Qwen2Tokenizer and GPT2Tokenizer are known; save tokenizer.json beside it"
            )
        }
        var pairs: BytePairReader? = BytePairReader(name: vocabularyPath, byteCount: vocabulary.count)
        try JSONReader.read(vocabulary, name: vocabularyPath) { (reader) throws(TokenizerError) in
            try pairs?.readVocabulary(&reader)
        }
        try pairs?.readMerges(lines: merges)
        guard let model = try pairs.take()?.finish() else { preconditionFailure("the reader is taken once") }
        var tokenizer = Tokenizer(
            normalizer: normalizer,
            preTokenizer: preTokenizer,
            model: model,
            addedTokens: AddedTokens()
        )
        for token in try addedTokens(directory: directory, configuration) {
            tokenizer.addedTokens.add(token, normalizer: normalizer)
        }
        for content in configuration.specialTokens where tokenizer.addedTokens.ids[ExactString(content)] == nil {
            guard let id = model.vocabulary.id(ofText: content) else { continue }
            tokenizer.addedTokens.add(AddedToken(id: id, content: content, isSpecial: true), normalizer: normalizer)
        }
        if configuration.flag("add_bos_token"), let id = configuration.token("bos_token").flatMap(tokenizer.id(of:)) {
            tokenizer.prefixIDs = [id]
        }
        return tokenizer
    }

    private static func addedTokens(
        directory: String,
        _ configuration: TokenizerConfiguration
    ) throws(TokenizerError) -> [AddedToken] {
        let tokens = try configuration.addedTokens()
        let path = directory + "/added_tokens.json"
        guard tokens.isEmpty, let bytes = try FileBytes.readIfPresent(path) else { return tokens }
        guard case .object(let object) = try JSONValue(parsing: bytes, name: path) else {
            throw TokenizerError(.malformedFile, "\(path): the file is not a JSON object")
        }
        let special = Set(configuration.specialTokens.map(ExactString.init))
        var found: [AddedToken] = []
        for (content, id) in zip(object.keys, object.values) {
            let description: JSONValue = [
                "content": .string(content), "id": id, "special": .bool(special.contains(ExactString(content))),
            ]
            found.append(try AddedToken(description, id: nil, name: path))
        }
        return found.sorted { $0.id < $1.id }
    }
}
