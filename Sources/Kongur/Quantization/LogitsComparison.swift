package import DeviceRuntime
import Foundation
import Tensors

/// How far the predictions of one form of a model are from those of another, over a text.
package struct LogitsComparison: Sendable, Hashable, Encodable {
    /// The tokens that were judged.
    package private(set) var tokens = 0
    /// e to the mean negative logarithm of the probability that the exact model gives each token.
    package private(set) var exactPerplexity = 1.0
    package private(set) var perplexity = 1.0
    /// The mean Kullback-Leibler divergence of the model's distribution from the exact one's, in nats for each token.
    package private(set) var divergence = 0.0
    /// The share of tokens at which both find the same token likeliest.
    package private(set) var agreement = 0.0

    private enum CodingKeys: String, CodingKey {
        case tokens, perplexity, agreement
        case exactPerplexity = "exact_perplexity"
        case divergence = "kl_divergence"
    }

    /// Runs both models over the text, a few rows at a time.
    ///
    /// Throws what `LogitsRun` throws. Cost: a prefill of the text by each.
    package init(of model: CompiledModel, with exact: CompiledModel, on device: any Device, over text: JudgedText)
        throws
    {
        let longest = text.sequences.map(\.tokenIDs.count).max() ?? 0
        let exactRun = try LogitsRun(exact, device: device, tokenCount: longest)
        let run = try LogitsRun(model, device: device, tokenCount: longest)
        var sums = (exactLoss: 0.0, loss: 0.0, divergence: 0.0, agreeing: 0)
        for sequence in text.sequences {
            let pairs = zip(try exactRun.pieces(sequence.tokenIDs), try run.pieces(sequence.tokenIDs))
            for (exactPiece, piece) in pairs {
                let (expected, actual) = (try exactRun.logits(exactPiece).floats, try run.logits(piece).floats)
                let width = model.vocabularySize
                for (row, position) in piece.range.enumerated() {
                    guard position + 1 >= sequence.promptCount, position + 1 < sequence.tokenIDs.count else { continue }
                    let rows = row * width..<(row + 1) * width
                    let (left, right) = (Row(expected[rows]), Row(actual[rows]))
                    let token = sequence.tokenIDs[position + 1]
                    sums.exactLoss -= left.logarithm(token)
                    sums.loss -= right.logarithm(token)
                    sums.divergence += left.divergence(from: right)
                    sums.agreeing += left.likeliest == right.likeliest ? 1 : 0
                    tokens += 1
                }
            }
        }
        guard tokens > 0 else { throw KongurError(.invalidInput, "the text leaves no token to judge") }
        exactPerplexity = exp(sums.exactLoss / Double(tokens))
        perplexity = exp(sums.loss / Double(tokens))
        // Rounding may leave a little below nothing where both are the same.
        divergence = max(0, sums.divergence / Double(tokens))
        agreement = Double(sums.agreeing) / Double(tokens)
    }

    /// One row of logits as a distribution.
    private struct Row {
        private let logits: ArraySlice<Float>
        let likeliest: Int
        /// The logarithm of the sum of e to the power of each logit.
        private let total: Double

        init(_ logits: ArraySlice<Float>) {
            self.logits = logits
            var (likeliest, largest) = (0, -Float.infinity)
            for (index, logit) in logits.enumerated() where logit > largest { (likeliest, largest) = (index, logit) }
            self.likeliest = likeliest
            total = Double(largest) + log(logits.reduce(0.0) { $0 + Double(expf($1 - largest)) })
        }

        func logarithm(_ token: Int) -> Double { Double(logits[logits.startIndex + token]) - total }

        /// What the other loses when this one is the truth.
        func divergence(from other: Row) -> Double {
            var sum = 0.0
            for index in 0..<logits.count {
                let logarithm = logarithm(index)
                // What is rarer than this adds nothing that can be told from rounding.
                guard logarithm > -30 else { continue }
                sum += exp(logarithm) * (logarithm - other.logarithm(index))
            }
            return sum
        }
    }
}
