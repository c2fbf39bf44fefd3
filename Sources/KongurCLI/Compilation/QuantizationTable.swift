import Foundation
import Kongur

/// A report on quantisation as a table for a person.
struct QuantizationTable {
    private let report: QuantizationReport

    init(_ report: QuantizationReport) {
        self.report = report
    }

    var text: String {
        let width = report.layers.map(\.weight.count).max() ?? 0
        var lines: [String] = []
        if !report.layers.isEmpty {
            lines.append("weights".padding(toLength: width, withPad: " ", startingAt: 0) + "  error %     peak")
            lines += report.layers.map { layer in
                layer.weight.padding(toLength: width, withPad: " ", startingAt: 0)
                    + String(format: "%9.2f%9.1f", 100 * layer.error, layer.peak)
            }
            let errors = report.layers.map(\.error).sorted()
            lines.append(
                String(
                    format: "error: median %.2f %%, largest %.2f %%",
                    100 * errors[errors.count / 2],
                    100 * (errors.last ?? 0)
                )
            )
        }
        let predictions = report.predictions
        lines += [
            "over \(predictions.tokens) tokens, \(report.quantization) beside the weights as stored:",
            String(format: "  perplexity     %.6g (stored %.6g)", predictions.perplexity, predictions.exactPerplexity),
            String(format: "  KL divergence  %.3g nats for each token", predictions.divergence),
            String(format: "  same token     %.2f %%", 100 * predictions.agreement),
        ]
        return lines.joined(separator: "\n")
    }
}
