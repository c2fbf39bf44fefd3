package import Foundation
package import Tokenizers

/// A tokenizer of 256 bytes and a few special tokens: the id of a byte is the byte.
package enum ByteTokenizer {
    package static let messageStart = 256
    package static let messageEnd = 257
    /// `<think>` as one special token, as some models have it.
    package static let think = 258
    package static let vocabularySize = 259

    /// ChatML without a default system message.
    package static let template =
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

    /// Writes the tokenizer's files to a temporary folder and loads them.
    package static func load() throws -> Tokenizer {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("byte-tokenizer-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(to: folder)
        return try Tokenizer.load(directory: folder.path)
    }

    /// Writes `tokenizer.json` and `tokenizer_config.json`.
    package static func write(to folder: URL) throws {
        var vocabulary: [String: Int] = [:]
        for (byte, scalar) in ByteLevelAlphabet.scalars.enumerated() { vocabulary[String(scalar)] = byte }
        let special = [messageStart: "<|im_start|>", messageEnd: "<|im_end|>", think: "<think>"]
        let tokenizer: [String: Any] = [
            "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()] as [String: Any],
            "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false] as [String: Any],
            "decoder": ["type": "ByteLevel"],
            "added_tokens": special.sorted { $0.key < $1.key }.map { id, content in
                [
                    "id": id, "content": content, "special": true, "normalized": false, "lstrip": false,
                    "rstrip": false, "single_word": false,
                ] as [String: Any]
            },
        ]
        let configuration: [String: Any] = ["eos_token": "<|im_end|>"]
        try JSONSerialization.data(withJSONObject: tokenizer)
            .write(to: folder.appendingPathComponent("tokenizer.json"))
        try JSONSerialization.data(withJSONObject: configuration)
            .write(to: folder.appendingPathComponent("tokenizer_config.json"))
    }

    /// The ids of a text, without special tokens.
    package static func ids(_ text: String) -> [Int] { text.utf8.map { Int($0) } }
}
