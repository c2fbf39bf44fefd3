/// Subtracts a constant from the logit of each token that is in the answer.
struct PresencePenalty {
    var penalty: Float

    func apply(to logits: inout [Float], _ history: TokenHistory) {
        guard penalty != 0 else { return }
        for id in history.answerCounts.keys { logits[id] -= penalty }
    }
}
