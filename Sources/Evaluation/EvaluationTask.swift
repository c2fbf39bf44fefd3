/// A set of problems with a way to tell right answers from wrong ones.
package protocol EvaluationTask: Sendable {
    /// What reports call it.
    var name: String { get }
    /// In the order in which they are asked; no two share an `id`.
    var samples: [EvaluationSample] { get }
    /// Judges one response to a sample of this task.
    func grade(_ response: String, to sample: EvaluationSample) -> Grade
}

/// One problem.
package struct EvaluationSample: Sendable, Hashable {
    /// Tells it from the other samples of its task.
    package var id: String
    /// What the model is asked.
    package var prompt: String
    /// The right answer.
    package var answer: String
    /// The kind of problem, for which a report has a line of its own.
    package var family: String?

    package init(id: String, prompt: String, answer: String, family: String? = nil) {
        self.id = id
        self.prompt = prompt
        self.answer = answer
        self.family = family
    }
}

/// The judgement on one response.
package struct Grade: Sendable, Hashable {
    package var isCorrect: Bool
    /// The answer that was found in the response; nil when there was none.
    package var extracted: String?

    package init(isCorrect: Bool, extracted: String?) {
        self.isCorrect = isCorrect
        self.extracted = extracted
    }
}
