import TextGeneration
import Tokenizers

/// Whether and how much the model is to think, and whether the answer tells what it thought.
struct ReasoningFields: Sendable {
    /// Nil as the server is set.
    private(set) var mode: ReasoningMode?
    /// The most tokens of thinking.
    private(set) var budget: Int?
    /// Whether the answer tells what the model thought.
    private(set) var isIncluded: Bool
    /// Whether thinking is told apart from the answer.
    private(set) var isSeparate: Bool
    /// The effort as it was asked for within `reasoning`.
    private(set) var effort: JSONValue = .null

    init(_ fields: RequestFields) throws(APIError) {
        isIncluded = try fields.bool("include_reasoning") ?? true
        isSeparate = try fields.bool("separate_reasoning") ?? true
        switch try fields.string("reasoning_format") {
        case nil, "auto", "deepseek": break
        case "none": isSeparate = false
        case .some:
            throw .invalid("reasoning_format", "'reasoning_format' must be none, auto or deepseek")
        }
        let thinking = try ReasoningEffort.thinking(
            fields,
            effort: "reasoning_effort",
            budget: try Self.budgetName(fields)
        )
        (mode, budget) = (thinking.mode, thinking.budget)
        try readSwitch(fields)
        guard let value = fields.value("reasoning") else { return }
        if let text = value.string {
            guard let asked = ReasoningMode(rawValue: text) else {
                throw .invalid("reasoning", "'reasoning' must be auto, on or off, or an object")
            }
            mode = asked
            return
        }
        let nested = try RequestFields(value, path: "reasoning")
        effort = nested.value("effort") ?? .null
        let inner = try ReasoningEffort.thinking(nested, effort: "effort", budget: "max_tokens")
        budget = budget ?? inner.budget
        if thinking.budget == nil { mode = mode ?? inner.mode }
        if let isOn = try nested.bool("enabled") { mode = isOn ? .on : .off }
        if try nested.bool("exclude") == true { isIncluded = false }
    }

    /// The one of the names of a budget that a request has.
    private static func budgetName(_ fields: RequestFields) throws(APIError) -> String {
        let names = ["thinking_token_budget", "thinking_budget", "thinking_budget_tokens"]
        let given = names.filter { fields.value($0) != nil }
        guard given.count < 2 else {
            throw .invalid(given[1], "'\(given[0])' and '\(given[1])' are names of the same: send one")
        }
        return given.first ?? names[0]
    }

    /// Reads `thinking`, the switch of DeepSeek's interface.
    private mutating func readSwitch(_ fields: RequestFields) throws(APIError) {
        guard let value = fields.value("thinking") else { return }
        let inner = try RequestFields(value, path: "thinking")
        switch try inner.string("type") {
        case "enabled": mode = mode ?? .on
        case "disabled": mode = .off
        case nil, "auto", "adaptive": break
        case .some: throw .invalid("thinking.type", "'thinking.type' must be enabled or disabled")
        }
        let inside = try inner.int("budget_tokens", in: 0...Int(Int32.max))
        budget = budget ?? inside
    }

    func apply(to options: inout GenerationOptions) {
        options.reasoning = mode
        options.thinkingBudget = budget
        if !isSeparate { options.splitsReasoning = false }
    }
}
