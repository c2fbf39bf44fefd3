import InferenceEngine
import KongurTesting
import Yardsticks

/// Drawing 16 tokens from 151,936 logits; a server does this for every sequence of a step.
func measureSampling() {
    let ways: [(String, SamplingParameters)] = [
        ("greedy", .greedy), ("top-p-0.95", SamplingParameters(topP: 0.95)), ("top-k-20", SamplingParameters(topK: 20)),
    ]
    for (name, parameters) in ways {
        measure("sample-\(name)", beside: .processor) {
            let drawing = Drawing(parameters)
            return Work { try drawing.draw(16) }
        }
    }
}

private final class Drawing {
    private let parameters: SamplingParameters
    private var sampler = Sampler()
    private var logits: [Float]
    private let history = TokenHistory(promptTokenIDs: [])
    private var position = 0

    init(_ parameters: SamplingParameters) {
        self.parameters = parameters
        var random = SeededGenerator(1)
        // As a model gives them: most far below the few that are probable.
        logits = (0..<151_936).map { _ in (0..<4).reduce(0) { sum, _ in sum + Float.random(in: -2...2, using: &random) }
        }
        for _ in 0..<50 { logits[random.next(below: logits.count)] = Float.random(in: 12...22, using: &random) }
    }

    func draw(_ count: Int) throws {
        for _ in 0..<count {
            _ = try sampler.sample(&logits, parameters, history: history, seed: 1, position: position)
            position += 1
        }
    }
}
