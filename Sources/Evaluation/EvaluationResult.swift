/// One response with its judgement: one line of a results file.
package struct EvaluationResult: Sendable, Hashable, Codable {
    /// The sample's.
    package var id: String
    /// Counts the responses to the same sample, from 0.
    package var attempt: Int
    package var family: String?
    package var correct: Bool
    /// The right answer, and what the response gave; nil when it gave none.
    package var answer: String
    package var extracted: String?
    package var response: String
    package var tokens: Int?
    package var isCutOff: Bool?

    package init(
        id: String,
        attempt: Int,
        family: String?,
        correct: Bool,
        answer: String,
        extracted: String?,
        response: String,
        tokens: Int? = nil,
        isCutOff: Bool? = nil
    ) {
        self.id = id
        self.attempt = attempt
        self.family = family
        self.correct = correct
        self.answer = answer
        self.extracted = extracted
        self.response = response
        self.tokens = tokens
        self.isCutOff = isCutOff
    }

    enum CodingKeys: String, CodingKey {
        case id, attempt, family, correct, answer, extracted, response, tokens
        case isCutOff = "cut_off"
    }
}

/// What a model said to a prompt.
package struct EvaluationResponse: Sendable, Hashable {
    package var text: String
    package var tokens: Int?
    /// Whether it reached its limit before it came to an end.
    package var isCutOff: Bool

    package init(_ text: String, tokens: Int? = nil, isCutOff: Bool = false) {
        self.text = text
        self.tokens = tokens
        self.isCutOff = isCutOff
    }
}
