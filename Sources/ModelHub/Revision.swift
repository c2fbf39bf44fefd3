import HTTPTransport

/// A branch, a tag or a commit of a repository.
package struct Revision: Sendable, Hashable {
    let text: String

    /// Checks that `text` can be a git reference and a path below `refs/`; throws `.invalidRevision`.
    package init(_ text: String) throws(HubError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isValid = parts.allSatisfy { part in
            part.utf8.allSatisfy { $0.isNameCharacter || "+@=".utf8.contains($0) }
                && !part.isEmpty && !part.hasPrefix(".") && !part.hasPrefix("-") && !part.contains("..")
                && !part.hasSuffix(".lock")
        }
        guard text.utf8.count <= 200, isValid else {
            throw HubError(
                .invalidRevision,
                "\"\(text.shortened)\" is not a revision: give a branch, a tag or a commit of the repository"
            )
        }
        self.text = text
    }

    /// Whether this names one commit for ever, rather than something that moves.
    package var isCommit: Bool { Self.isCommit(text) }

    static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy(\.isHexDigit)
    }
}
