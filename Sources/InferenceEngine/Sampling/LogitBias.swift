/// Adds a number to the logits of chosen tokens.
struct LogitBias {
    var biases: [Int: Float]

    func apply(to logits: inout [Float]) {
        for (id, bias) in biases { logits[id] += bias }
    }
}
