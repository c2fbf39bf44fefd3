import Evaluation
import Foundation
import Testing

@Suite struct JSONLTaskTests {
    private func task(_ text: String, suffix: String = "", limit: Int? = nil) throws -> JSONLTask {
        try JSONLTask(name: "t", data: Data(text.utf8), source: "t.jsonl", suffix: suffix, limit: limit)
    }

    @Test func problemsAreReadInOrder() throws {
        let text = """
            {"problem": "1+1?", "answer": "2", "family": "sums"}

            {"problem": "2+2?", "answer": 4, "other": [1]}\r
            {"problem": "half?", "answer": 0.5, "id": "x"}
            """
        #expect(
            try task(text, suffix: " Go.").samples == [
                EvaluationSample(id: "1", prompt: "1+1? Go.", answer: "2", family: "sums"),
                EvaluationSample(id: "2", prompt: "2+2? Go.", answer: "4"),
                EvaluationSample(id: "x", prompt: "half? Go.", answer: "0.5"),
            ]
        )
        #expect(try task(text, limit: 2).samples.count == 2)
    }

    @Test func problemsOfGSM8KAreReadAndJudged() throws {
        let task = try task(#"{"question": "How many?", "answer": "6*6=<<6*6=36>>36\n#### 1,036"}"#)
        #expect(task.samples == [EvaluationSample(id: "1", prompt: "How many?", answer: "1,036")])
        #expect(task.grade("It is \\boxed{1036}.", to: task.samples[0]).isCorrect)
        #expect(task.grade("<think>#### 5</think> So it is\n#### 1036\nDone.", to: task.samples[0]).isCorrect)
        #expect(!task.grade("<think>\n#### 1036", to: task.samples[0]).isCorrect)
        #expect(!task.grade("#### 1037", to: task.samples[0]).isCorrect)
    }

    @Test func anArrayOfProblemsIsReadToo() throws {
        let task = try task(#" [{"problem": "a", "answer": "1"}, {"problem": "b", "answer": 2}]"#)
        #expect(task.samples.map(\.answer) == ["1", "2"])
    }

    @Test(arguments: [
        ("{\"problem\": \"a\", \"answer\": \"1\"}\n{\"problem\": \"b\"}", "t.jsonl:2: has no \"answer\""),
        ("\n\n{\"problem\": \"a\", \"answer\": [1]}", "t.jsonl:3: answer has the wrong type"),
        ("{\"problem\": 5, \"answer\": 1}", "t.jsonl:1: problem has the wrong type"),
        ("nonsense", "t.jsonl:1: is not JSON"), ("{\"problem\": \"a\", \"answer\": \"1\"", "t.jsonl:1: is not JSON"),
        ("{\"problem\": \"\", \"answer\": \"1\"}", "t.jsonl:1: the problem or the answer is empty"),
        ("", "t.jsonl: holds no problem"),
        ("[]", "t.jsonl: holds no problem"),
        ("[{\"problem\": \"a\", \"answer\": 1}, 5]", "t.jsonl: problem 2 has the wrong type"),
        (
            "{\"id\": 1, \"problem\": \"a\", \"answer\": 1}\n{\"id\": 1, \"problem\": \"b\", \"answer\": 1}",
            "t.jsonl:2: the id \"1\" stands at t.jsonl:1 already"
        ),
    ])
    func aMistakeIsNamedWithItsLine(text: String, message: String) {
        let error = #expect(throws: EvaluationError.self) { try task(text) }
        #expect(error?.code == .invalidTask)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test func deepNestingIsAMistakeToo() {
        #expect(throws: EvaluationError.self) { try task(String(repeating: "[", count: 100_000)) }
        #expect(throws: EvaluationError.self) { try task(String(repeating: #"{"problem":"#, count: 100_000)) }
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: EvaluationError.self) { try JSONLTask(path: "/nowhere/tasks.jsonl") }
        #expect(error?.message.contains("/nowhere/tasks.jsonl") == true)
    }

    @Test func responsesAreGradedByTheirBox() throws {
        let task = try task(#"{"problem": "?", "answer": "\\frac{1}{2}"}"#)
        let sample = task.samples[0]
        #expect(task.grade("<think>hm</think>\\boxed{0.5}", to: sample) == Grade(isCorrect: true, extracted: "0.5"))
        #expect(task.grade("\\boxed{2}", to: sample) == Grade(isCorrect: false, extracted: "2"))
        #expect(task.grade("one half", to: sample) == Grade(isCorrect: false, extracted: nil))
    }
}
