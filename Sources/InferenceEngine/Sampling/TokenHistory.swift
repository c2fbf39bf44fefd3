/// What penalties look at: the distinct tokens of the prompt, and how often each is in the answer.
package struct TokenHistory {
    private(set) var promptTokens: Set<Int>
    private(set) var answerCounts: [Int: Int] = [:]

    package init(promptTokenIDs: [Int]) {
        promptTokens = Set(promptTokenIDs)
    }

    mutating func append(_ token: Int) {
        answerCounts[token, default: 0] += 1
    }
}
