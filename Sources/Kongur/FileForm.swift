import Foundation

/// What a file is by how it begins, whatever its name says.
enum FileForm: Equatable {
    case empty, lfsPointer, html, errorText, gguf, pickle, safetensors, json, other

    init(_ path: String) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            self = .other
            return
        }
        defer { try? file.close() }
        let head = (try? file.read(upToCount: 512)) ?? Data()
        // A template may be any text.
        let isTemplate = path.hasSuffix(".jinja")
        let text = String(decoding: head.drop { $0 <= 0x20 || [0xEF, 0xBB, 0xBF].contains($0) }, as: UTF8.self)
            .lowercased()
        func begins(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
        self =
            if head.isEmpty {
                isTemplate || path.hasSuffix(".txt") ? .other : .empty
            } else if text.hasPrefix("version https://git-lfs.github.com") || text.hasPrefix("version https://hawser") {
                .lfsPointer
            } else if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<?xml") {
                .html
            } else if ["entry not found", "not found", "access to model", "invalid username or password", "404"]
                .contains(where: { text.hasPrefix($0) }), !isTemplate
            {
                .errorText
            } else if begins(Array("GGUF".utf8)) || path.hasSuffix(".gguf") || path.hasSuffix(".ggml") {
                .gguf
            } else if begins([0x80, 2]) || begins(Array("PK".utf8) + [3, 4])
                || [".bin", ".pt", ".pth", ".ckpt", ".pkl"].contains(where: { path.hasSuffix($0) })
            {
                .pickle
            } else if path.hasSuffix(".safetensors") {
                .safetensors
            } else if path.hasSuffix(".json") {
                .json
            } else {
                .other
            }
    }

    /// Why a file is not what its name says, and what to do; nil where it may be.
    var fault: String? {
        switch self {
        case .empty: "is empty; download it again"
        case .lfsPointer:
            "is a Git LFS pointer and not the file itself; get the file with `git lfs pull` in the clone, or the model with `kongur pull OWNER/NAME`"
        case .html: "is a web page and not the file itself, as of a login or an error; download the file again"
        case .errorText: "holds the message of a failed download and not the file itself; download it again"
        default: nil
        }
    }

    /// Whether a model's files have such a name.
    static func isPartOfAModel(_ name: String) -> Bool {
        let known = [
            "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
            "merges.txt", "added_tokens.json", "special_tokens_map.json", "program.json", "weights.bin",
        ]
        let endings = [".safetensors", ".safetensors.index.json", ".onnx", ".onnx.data", ".onnx_data", ".jinja"]
        return known.contains(name) || endings.contains { name.hasSuffix($0) }
    }
}
