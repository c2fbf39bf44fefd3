import Foundation
import ModelHub
import Testing

@Suite struct RepositoryNameTests {
    @Test(arguments: ["WeiboAI/VibeThinker-1.5B", "a/b", "_x/y_", "Qwen/Qwen2.5-Math-1.5B"])
    func aNameIsReadAndWritten(text: String) throws {
        #expect(try RepositoryName(text).description == text)
    }

    @Test(arguments: [
        "", "a", "/", "a/", "/b", "a/b/c", "../b", "a/..", "a/b.git", "a--b/c", "a/b--c", "a/.b", "-a/b", "a/b-",
        "a/b.", "a b/c",
        "a/b\n", "a\\b/c", "\u{e9}/b", "a/\(String(repeating: "b", count: 97))", "a/b\u{0}", "a/b?x=1", "a/b#c",
        "a/%2e%2e",
    ])
    func anythingElseIsRefused(text: String) {
        let error = #expect(throws: HubError.self) { try RepositoryName(text) }
        #expect(error?.code == .invalidName)
        #expect(error?.message.contains("OWNER/NAME") == true)
    }
}

@Suite struct RevisionTests {
    @Test func aCommitIsToldFromABranch() throws {
        #expect(try Revision(repository.commit).isCommit)
        #expect(try !Revision("main").isCommit)
        #expect(try !Revision("v1.0/x").isCommit)
        #expect(try !Revision(repository.commit.uppercased()).isCommit)
    }

    @Test(arguments: [
        "", "..", "a/../b", "/main", "main/", "a//b", ".hidden", "a/.b", "-x", "a b", "a\n", "x.lock", "a\\b", "a\u{0}",
    ])
    func whatCannotBeAReferenceIsRefused(text: String) {
        #expect(throws: HubError.self) { try Revision(text) }
    }
}
