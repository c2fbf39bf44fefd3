import FoundationEssentials
import HTTPTransport

/// What the hub says of a repository at a revision: the commit, and which files to pull.
package struct RepositoryListing: Sendable, Equatable {
    package let commit: String
    /// In the hub's order, each once.
    package let files: [String]

    /// Reads the hub's answer about `subject`.
    ///
    /// Throws `.invalidResponse` when it has another form, `.unsafeFileName` when a file that we would pull has a name
    /// that leads elsewhere, and `.notAModel` when there is nothing to load.
    package init(json: [UInt8], about subject: String, includesDocumentation: Bool) throws(HubError) {
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(json))
        } catch {
            throw HubError(
                .invalidResponse,
                "the hub's answer about \(subject) is not a listing of a repository: check HF_ENDPOINT",
                cause: error
            )
        }
        guard Revision.isCommit(answer.sha) else {
            throw HubError(
                .invalidResponse,
                "the hub's answer about \(subject) names \"\(answer.sha.shortened)\" as the commit, which is none: check HF_ENDPOINT"
            )
        }
        var seen: Set<String> = []
        var files: [String] = []
        for name in (answer.siblings ?? []).map(\.rfilename) where seen.insert(name).inserted {
            guard Self.isExpected(name, includesDocumentation: includesDocumentation) else { continue }
            guard Self.isSafe(name) || Self.isNamedTemplate(name) else {
                // Any other file in a subfolder is another variant of the model, which nothing here loads.
                if Self.isPlainSubpath(name) { continue }
                throw HubError(.unsafeFileName, "\(subject) lists a file \"\(name.shortened)\", whose name is not safe")
            }
            files.append(name)
        }
        guard files.contains("config.json"), files.contains(where: { $0.hasSuffix(".safetensors") }) else {
            throw HubError(
                .notAModel,
                "\(subject) has no config.json with *.safetensors beside it, which is what Kongur loads: choose the model's original repository"
            )
        }
        guard files.count <= Self.limit else {
            throw HubError(.invalidResponse, "\(subject) lists \(files.count) files; at most \(Self.limit) are pulled")
        }
        commit = answer.sha
        self.files = files
    }

    static let limit = 1000

    /// Where checkpoints keep templates beside the default one, such as `tool_use.jinja`.
    private static let templates = (folder: "additional_chat_templates/", ending: ".jinja")

    private static let names: Set<String> = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
        "added_tokens.json", "special_tokens_map.json", "chat_template.jinja", "chat_template.json",
    ]

    /// Whether the last part of `name` is one of a model's files.
    static func isExpected(_ name: String, includesDocumentation: Bool) -> Bool {
        let last = name.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        let isDocumentation = ["README", "LICENSE", "NOTICE"].contains { last == $0 || last.hasPrefix($0 + ".") }
        return names.contains(last) || isNamedTemplate(name)
            || [".safetensors", ".safetensors.index.json"].contains { last.hasSuffix($0) }
            || (includesDocumentation && isDocumentation)
    }

    /// Whether `name` is one file in the repository's own folder.
    static func isSafe(_ name: String) -> Bool {
        (1...200).contains(name.utf8.count) && name.first != "." && !name.contains("..")
            && name.utf8.allSatisfy { $0 >= 32 && $0 != 127 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
    }

    private static func isNamedTemplate(_ name: String) -> Bool {
        guard name.hasPrefix(templates.folder), name.hasSuffix(templates.ending) else { return false }
        let file = String(name.dropFirst(templates.folder.count))
        return isSafe(file) && file.utf8.count > templates.ending.utf8.count
    }

    private static func isPlainSubpath(_ name: String) -> Bool {
        name.contains("/")
            && name.split(separator: "/", omittingEmptySubsequences: false).map(String.init).allSatisfy(isSafe)
    }

    private struct Answer: Decodable {
        let sha: String
        let siblings: [Sibling]?
    }

    private struct Sibling: Decodable {
        let rfilename: String
    }
}
