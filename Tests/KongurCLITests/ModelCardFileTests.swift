import Foundation
import KongurTesting
import OpenAIServer
import Testing

@testable import KongurCLI

/// What is read of a model's card.
struct ModelCardFileTests {
    private func card(_ text: String?) throws -> ModelCard? {
        let folder = try TemporaryFolder()
        if let text { try folder.write(Array(text.utf8), to: "README.md") }
        return ModelCard(folder: folder.path)
    }

    @Test func readsSummaryAndExamples() throws {
        let text = """
            ---\r
            license: mit
            kongur:
              summary: Sums.
              examples:
              - title: {en: One, zh: 一}
                text: "What is 1 + 1?"
                answer: "2"
              - text: Bare
            tags: [a]
            ---
            # A model
            kongur: nothing
            """
        let card = try #require(try card(text))
        #expect(card.language == "en" && card.summary == ["en": "Sums."])
        let examples = [
            ModelCard.Example(title: ["en": "One", "zh": "一"], text: "What is 1 + 1?"),
            ModelCard.Example(title: [:], text: "Bare"),
        ]
        #expect(card.examples == examples)
    }

    /// Cards come with models from elsewhere: what is no card offers nothing, and ends nothing.
    @Test(arguments: [
        nil, "", "---", "---\n---\n", "# A model\nkongur:\n  summary: no front matter\n",
        "---\nwidget:\n- text: Hello\n---\n", "---\nkongur:\n---\n", "---\nkongur:\n  - 1\n---\n",
        "---\nkongur:\n  summary: [\n---\n", "---\nkongur:\n  summary: {en: [1]}\n  examples: 3\n---\n",
        "---\nkongur:\n  examples: [{text: 1}, {title: a}, 7]\n---\n",
        "---\nkongur:\n  a: &a [x, x]\n  b: &b [*a, *a]\n  summary: a\n---\n",
        "---\nkongur:\n  summary: no end\n",
    ])
    func whatIsNoCardIsNone(text: String?) throws {
        #expect(try card(text) == nil)
    }

    @Test func takesNoMoreThanAPageShows() throws {
        let example = "  - text: \(String(repeating: "a", count: 500))\n"
        let long = "  - text: \(String(repeating: "a", count: 5000))\n"
        let text = "---\nkongur:\n  examples:\n\(long)\(String(repeating: example, count: 30))---\n"
        #expect(try #require(try card(text)).examples.count == 12)
    }
}
