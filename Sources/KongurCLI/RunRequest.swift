import Foundation
import Kongur

/// What `kongur run` is asked, from its arguments and standard input.
struct RunRequest {
    enum Input {
        case prompt(String)
        case tokenIDs([Int])
    }

    /// Nil is the bundled one.
    let model: String?
    let input: Input

    static let usage =
        "Give a PROMPT, or a MODEL and a PROMPT; a prompt of several words stands in quotes. Standard input is read, too."

    /// More than any context holds.
    private static let longestText = 16 << 20

    /// Continues tokens; at most a model is given.
    init(_ arguments: [String], tokenIDs: [Int]) {
        model = arguments.first
        input = .tokenIDs(tokenIDs)
    }

    /// Puts a prompt together: the one that is given, and, a blank line behind it, the text of standard input where that is
    /// not taken for something else.
    ///
    /// A single argument that names a model or a file is that and no prompt. Throws `.invalidInput`, with the command that is
    /// right, where then no prompt is left.
    init(_ arguments: [String], readsStandardInput: Bool) throws {
        let lone = arguments.count == 1 ? LoneArgument(arguments[0]) : nil
        if let lone, !lone.isModel { throw KongurError(.invalidInput, lone.fault) }
        let isNamed = arguments.count == 2 || lone != nil
        model = isNamed ? arguments[0] : nil
        let given = arguments.dropFirst(isNamed ? 1 : 0).first
        let isInput = given == "-"
        guard readsStandardInput || !isInput else {
            throw KongurError(.invalidInput, "standard input is the schema already, and cannot be the prompt as well")
        }
        // Typed text ends with Ctrl-D.
        let isTyped = isInput && StandardInput.isTerminal
        let piped =
            if isTyped {
                try InputFile.readText("-")
            } else {
                readsStandardInput ? try StandardInput.pipedText(limit: Self.longestText) : ""
            }
        guard given != nil || !piped.isEmpty else {
            throw KongurError(.invalidInput, lone?.fault ?? Self.usage)
        }
        input = .prompt([isInput ? "" : given ?? "", piped].filter { !$0.isEmpty }.joined(separator: "\n\n"))
    }
}

/// A single argument of `kongur run` that is no prompt, although it stands in the place of one.
private struct LoneArgument {
    /// Whether it is, or may become, a model; then standard input can be the prompt.
    let isModel: Bool
    /// What is wrong where there is no prompt beside it.
    let fault: String

    /// Nil for a prompt.
    init?(_ text: String) {
        let name = text.shellQuoted
        let words = "to ask these very words: kongur run \(ModelLocator.bundled) \(name)"
        let run = "kongur run \(name) \"PROMPT\""
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: text, isDirectory: &isFolder)
        if text == ModelLocator.bundled || (exists && (try? ModelLocator().locate(text)) != nil) {
            (isModel, fault) = (true, "'\(text)' is a model and no prompt; to ask it: \(run)")
        } else if exists {
            isModel = false
            fault =
                isFolder.boolValue
                ? "'\(text)' is a folder and no prompt, and has no model in it; to run the model of a folder: kongur run FOLDER \"PROMPT\"; \(words)"
                : "'\(text)' is a file and no prompt; to ask about its text: kongur run \"PROMPT\" < \(name); \(words)"
        } else if ModelLocator.isName(text) {
            isModel = true
            let isPulled = (try? ModelLocator().locate(text)) != nil
            fault =
                isPulled
                ? "'\(text)' is a model and no prompt; to ask it: \(run)"
                : "'\(text)' looks like a model of a hub and is no prompt; to ask it: kongur pull \(name) && \(run); \(words)"
        } else if Self.looksLikeAPath(text) {
            isModel = false
            fault = "\(text): no such file or folder; to run a model: kongur run MODEL \"PROMPT\"; \(words)"
        } else {
            return nil
        }
    }

    private static func looksLikeAPath(_ text: String) -> Bool {
        guard !text.contains(where: \.isWhitespace) else { return false }
        return ["/", "./", "../", "~/"].contains { text.count > $0.count && text.hasPrefix($0) }
            || [".onnx", ".kongur", ".gguf", ".safetensors"].contains { text.hasSuffix($0) }
    }
}

extension String {
    /// As a shell reads it as one word.
    var shellQuoted: String {
        let isPlain = !isEmpty && utf8.allSatisfy { $0.isPlainInShells }
        return isPlain ? self : "'" + replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
}

extension UInt8 {
    fileprivate var isPlainInShells: Bool {
        let character = Unicode.Scalar(self)
        return character.properties.isAlphabetic && self < 0x80 || (0x30...0x39).contains(self)
            || [0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x3A, 0x3D, 0x40, 0x5F].contains(self)
    }
}
