import Foundation

@testable import Tokenizers

/// A tokenizer of the 256 bytes and a few merges, and folders to put files in.
enum TinyTokenizer {
    static let split =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"#

    /// tokenizer.json, with parts to replace; ids are the bytes, then "he", "ll", "hell", "hello".
    static func json(
        preTokenizer: String? = nil,
        merges: String = #"["h e", "l l", ["he", "ll"], "hell o"]"#,
        model: String = "",
        added: String = #"{"id": 260, "content": "<|end|>", "special": true}"#
    ) -> String {
        var tokens = (UInt8.min...UInt8.max).map { ByteLevelAlphabet.text(of: [$0]) }
        tokens += ["he", "ll", "hell", "hello"]
        let vocabulary = tokens.enumerated().map { index, token in
            var writer = JSONWriter()
            writer.write(.string(token))
            return "\(writer.text): \(index)"
        }
        let standard = """
            {"type": "Sequence", "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": "\(split)"}, "behavior": "Isolated", "invert": false},
              {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
            """
        return """
            {"added_tokens": [\(added)], "normalizer": {"type": "NFC"}, "pre_tokenizer": \(preTokenizer ?? standard),
             "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE", \(model) "merges": \(merges), "vocab": {\(vocabulary.joined(separator: ", "))}}}
            """
    }

    static func make() throws -> Tokenizer { try TokenizerFile.read(Array(json().utf8), path: "tokenizer.json") }

    /// Calls `body` with a new folder of these files, and removes it.
    static func withFolder<Result>(_ files: [String: [UInt8]], _ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kongur-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, bytes) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: file)
        }
        return try body(folder.path)
    }

    /// The error that `body` throws; nil when it throws none.
    static func failure(_ body: () throws -> Void) -> TokenizerError? {
        do {
            try body()
            return nil
        } catch {
            return error as? TokenizerError
        }
    }
}
