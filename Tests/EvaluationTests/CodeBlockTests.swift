import Evaluation
import Testing

@Suite struct CodeBlockTests {
    @Test func lastClosedBlockCounts() {
        #expect(CodeBlock.last(in: "a\n```python\nx = 1\n```\nb\n```\ny\n```\n") == "y\n")
        #expect(CodeBlock.last(in: "a\n```python\nx = 1\n```\n```python\ncut off") == "x = 1\n")
        #expect(CodeBlock.last(in: "no block") == nil)
        #expect(CodeBlock.last(in: "```python") == nil)
    }

    @Test func spacesAtLineEndsDoNotMatter() {
        #expect(CodeBlock.areEqual("def f(x):\n    return x\n", "def f(x):  \n\n    return x"))
        #expect(!CodeBlock.areEqual("def f(x):\n    return x", "def f(x):\n  return x"))
    }
}
