import Foundation
import Kongur

/// What an answer took.
struct AnswerSummary {
    /// Nil where nobody has counted.
    var tokens: Int?
    var tokensPerSecond: Double?
    var timeToFirstToken: Duration?
    var isCutOff: Bool

    /// One line for a person.
    var line: String {
        var parts: [String] = []
        if let tokens { parts.append("\(tokens) tokens") }
        if let tokensPerSecond { parts.append(String(format: "%.1f tokens/s", tokensPerSecond)) }
        if let timeToFirstToken { parts.append("first token after \(timeToFirstToken.seconds(2)) s") }
        if isCutOff { parts.append("cut off at the longest answer") }
        return parts.joined(separator: ", ")
    }
}

extension AnswerSummary {
    init(_ result: GenerationResult) {
        self.init(
            tokens: result.usage.completionTokens,
            tokensPerSecond: result.timings.tokensPerSecond,
            timeToFirstToken: result.timings.timeToFirstToken,
            isCutOff: result.finishReason == .length
        )
    }
}
