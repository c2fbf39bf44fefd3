/// Makes every token that is in the prompt or the answer less likely (Keskar et al., 2019, CTRL, section 4.1).
struct RepetitionPenalty {
    var penalty: Float

    func apply(to logits: inout [Float], _ history: TokenHistory) {
        guard penalty != 1 else { return }
        for id in history.promptTokens { penalize(&logits[id]) }
        for id in history.answerCounts.keys where !history.promptTokens.contains(id) { penalize(&logits[id]) }
    }

    private func penalize(_ logit: inout Float) {
        logit = logit > 0 ? logit / penalty : logit * penalty
    }
}
