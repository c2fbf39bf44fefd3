/// Turns text into the ids of a model's vocabulary and back.
///
/// A value: loading is the only thing that can fail, and encoding and decoding may run on any number of threads.
/// Encoding is linear in the text (O(n log n) inside one word) and exactly equal to Hugging Face's `tokenizers`.
package struct Tokenizer: Sendable {
    var normalizer: Normalizer
    var preTokenizer: PreTokenizer
    var model: BytePairEncoding
    var addedTokens: AddedTokens
    /// Put around a text by `encode(_:addSpecialTokens:)`, as the post-processor says.
    var prefixIDs: [Int] = []
    var suffixIDs: [Int] = []
    /// The ids that the configuration names as `bos_token` and `eos_token`.
    package internal(set) var beginningOfTextID: Int?
    package internal(set) var endOfTextID: Int?
    /// Ids that the configuration names as special, whatever the tokens themselves say.
    var namedTokens: Set<Int> = []

    /// Loads the tokenizer of a checkpoint folder.
    ///
    /// Reads `tokenizer.json`, or else `vocab.json` and `merges.txt` with the added tokens of `tokenizer_config.json`
    /// and `added_tokens.json`. Throws `.fileNotReadable`, `.malformedFile` or `.unsupported`, naming file and reason.
    /// 150,000 tokens take about 0.1 s.
    package static func load(directory: String) throws(TokenizerError) -> Tokenizer {
        try TokenizerFile.load(directory: directory)
    }

    /// One more than the highest id.
    package var vocabularySize: Int {
        max(model.vocabulary.endID, (addedTokens.tokens.keys.max() ?? -1) + 1)
    }

    /// The ids of a text, without those that a model wants around it.
    ///
    /// Special tokens written out in the text become their ids if `allowSpecial`; otherwise they are plain text,
    /// which is what text from strangers should be.
    package func encode(_ text: String, allowSpecial: Bool = true) -> [Int] {
        encode(text) { token, _ in allowSpecial || !token.isSpecial }
    }

    /// The ids of a text with those around it that the post-processor adds, such as Llama 3's beginning of text.
    package func encode(_ text: String, addSpecialTokens: Bool) -> [Int] {
        addSpecialTokens ? prefixIDs + encode(text) + suffixIDs : encode(text)
    }

    /// The ids of a text; `isAllowed` says of an added token that is found, at a range of bytes, whether it is one.
    private func encode(_ text: String, isAllowed: (AddedToken, Range<Int>) -> Bool) -> [Int] {
        var text = text
        return text.withUTF8 { bytes in
            var output: [Int] = []
            output.reserveCapacity(bytes.count / 4 + 8)
            var words = WordEncoder(model: model, textSize: bytes.count)
            addedTokens.forEachPiece(bytes, normalized: false, isAllowed: isAllowed) { piece in
                switch piece {
                case .token(let id): output.append(id)
                case .text(let range):
                    let raw = UnsafeBufferPointer(rebasing: bytes[range])
                    guard let changed = normalizer.normalized(raw) else {
                        return encode(raw, { isAllowed($0, range.shifted($1)) }, &words, &output)
                    }
                    changed.withUnsafeBufferPointer { normalized in
                        var places = NormalizedPlaces(raw: raw, normalized: normalized)
                        encode(
                            normalized,
                            { token, place in
                                // Where the text had it; the whole of what was changed where that cannot be told.
                                let place = places.place(of: token, at: place) ?? 0..<raw.count
                                return isAllowed(token, range.shifted(place))
                            },
                            &words,
                            &output
                        )
                    }
                }
            }
            return output
        }
    }

    private func encode(
        _ normalized: UnsafeBufferPointer<UInt8>,
        _ isAllowed: (AddedToken, Range<Int>) -> Bool,
        _ words: inout WordEncoder,
        _ output: inout [Int]
    ) {
        guard addedTokens.hasNormalized else { return encodeWords(normalized, &words, &output) }
        addedTokens.forEachPiece(normalized, normalized: true, isAllowed: isAllowed) { piece in
            switch piece {
            case .token(let id): output.append(id)
            case .text(let range): encodeWords(UnsafeBufferPointer(rebasing: normalized[range]), &words, &output)
            }
        }
    }

    /// The ids of a prompt: control tokens are those that its template wrote, and what a message spells like one is text.
    ///
    /// `answerTags` are tags that a model writes itself, such as `<think>`: they stay tokens in an assistant's messages.
    package func encode(_ text: MarkedText, answerTags: Set<String> = []) -> [Int] {
        var origins = OriginLookup(text.runs)
        return encode(text.text) { token, range in
            let found = origins.origins(in: range)
            return found.allSatisfy { token.isAllowed(in: $0, named: namedTokens, answerTags: answerTags) }
        }
    }

    private func encodeWords(
        _ text: UnsafeBufferPointer<UInt8>,
        _ words: inout WordEncoder,
        _ output: inout [Int]
    ) {
        if preTokenizer.addsPrefixSpace, text.first != 0x20 {
            ([0x20] + text).withUnsafeBufferPointer { spaced in
                preTokenizer.forEachWord(spaced) { words.encode($0, into: &output) }
            }
        } else {
            preTokenizer.forEachWord(text) { words.encode($0, into: &output) }
        }
    }

    /// The text of ids; broken UTF-8 becomes U+FFFD and ids without a token are left out.
    ///
    /// Special tokens are left out if `skipSpecial`.
    package func decode(_ ids: [Int], skipSpecial: Bool = true) -> String {
        var bytes: [UInt8] = []
        for id in ids where !(skipSpecial && isSpecial(id)) {
            if let token = self.bytes(of: id) { bytes.append(contentsOf: token) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes that a token adds to a text; they need not be whole characters.
    ///
    /// Nil for an id without a token.
    package func bytes(of id: Int) -> [UInt8]? {
        guard let token = addedTokens.tokens[id] else { return model.vocabulary.bytes(of: id).map(Array.init) }
        var bytes: [UInt8] = []
        var content = token.content
        content.withUTF8 { if !ByteLevelAlphabet.appendBytes(of: $0, to: &bytes) { bytes = Array($0) } }
        return bytes
    }

    /// Whether the id is a control token such as `<|im_end|>`.
    package func isSpecial(_ id: Int) -> Bool { addedTokens.tokens[id]?.isSpecial ?? false }

    /// The id of a token, by the text that the vocabulary writes it with ("Ġthe", `<|im_end|>`).
    package func id(of token: String) -> Int? {
        addedTokens.ids[ExactString(token)] ?? model.vocabulary.id(ofText: token)
    }

    /// A token as the vocabulary writes it: "Ġthe" for " the".
    package func token(of id: Int) -> String? {
        addedTokens.tokens[id]?.content ?? model.vocabulary.text(of: id)
    }
}
