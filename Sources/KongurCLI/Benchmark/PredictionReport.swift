import Foundation
import Kongur

/// Predicted and measured steps of several models and forms, for `kongur bench --predict`.
struct PredictionReport: Encodable {
    struct Entry: Encodable {
        var shape: String
        var quantization: String
        var rows: [StepPrediction.Row]
    }

    var results: [Entry] = []

    /// How far predictions are off, as a share, in the median case and in the worst.
    var medianError: Double { errors.isEmpty ? 0 : errors[errors.count / 2] }
    var worstError: Double { errors.last ?? 0 }

    private var errors: [Double] { results.flatMap(\.rows).map { abs($0.ratio - 1) }.sorted() }

    private enum CodingKeys: String, CodingKey {
        case results
        case medianError = "median_error"
        case worstError = "worst_error"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(results, forKey: .results)
        try container.encode(medianError, forKey: .medianError)
        try container.encode(worstError, forKey: .worstError)
    }

    /// Markdown: a row for each step, and with `kernels` one for each operation that takes a twentieth of it or more.
    func table(kernels: Bool) -> String {
        var lines = ["| model | weights | step | measured, ms | predicted, ms | ratio |", "|---|---|---|---|---|---|"]
        for entry in results {
            for row in entry.rows {
                let figures = String(format: "%.2f | %.2f | %.2f", row.measured, row.predicted, row.ratio)
                lines.append("| \(entry.shape) | \(entry.quantization) | \(row.step) | \(figures) |")
                for kernel in row.kernels where kernels && 20 * kernel.measured >= row.measured {
                    let ratio = kernel.predicted / kernel.measured
                    let figures = String(format: "%.2f | %.2f | %.2f", kernel.measured, kernel.predicted, ratio)
                    lines.append("| | | \(kernel.operation) | \(figures) |")
                }
            }
        }
        let errors = String(
            format: "%.0f %% in the median case, %.0f %% in the worst",
            100 * medianError,
            100 * worstError
        )
        return lines.joined(separator: "\n") + "\n\nPredictions are off by \(errors)."
    }
}
