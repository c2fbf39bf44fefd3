package import Tokenizers

/// Whether a model thinks before it answers.
package enum ReasoningMode: String, Sendable, Hashable, CaseIterable {
    /// As the model does by itself: an answer in a format begins with thinking where the model would begin so without it.
    case automatic = "auto"
    /// Templates are told to let the model think, and answers in a format may always begin with thinking.
    case on
    /// Templates are told not to let the model think, and thinking that begins all the same is ended at once.
    case off

    private static let variables = ["enable_thinking", "thinking"]

    /// What variables of a template ask for; nil where they say nothing of thinking.
    package init?(_ templateVariables: JSONObject) {
        guard let isOn = Self.variables.lazy.compactMap({ templateVariables[$0]?.bool }).first else { return nil }
        self = isOn ? .on : .off
    }

    /// What templates are told, by the names that those of public models have.
    package var templateVariables: JSONObject {
        var variables = JSONObject()
        guard self != .automatic else { return variables }
        for name in Self.variables { variables[name] = .bool(self == .on) }
        return variables
    }
}
