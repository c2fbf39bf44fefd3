/// Subtracts a constant from a token's logit for each time that it is in the answer.
struct FrequencyPenalty {
    var penalty: Float

    func apply(to logits: inout [Float], _ history: TokenHistory) {
        guard penalty != 0 else { return }
        for (id, count) in history.answerCounts { logits[id] -= penalty * Float(count) }
    }
}
