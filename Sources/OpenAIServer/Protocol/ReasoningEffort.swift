/// How much a model should think, in OpenAI's words.
enum ReasoningEffort: String, CaseIterable, Sendable {
    case none
    case minimal
    case low
    case medium
    case high
    case xhigh
    case max

    /// The most tokens of thinking.
    var thinkingBudget: Int {
        switch self {
        case .none: 0
        case .minimal: 512
        case .low: 2048
        case .medium: 8192
        case .high: 32_768
        case .xhigh: 65_536
        case .max: Int(Int32.max)
        }
    }

    /// The budget that a request asks for with `thinking_token_budget`, or else with its effort; nil when with neither.
    static func thinkingBudget(_ fields: RequestFields, effort key: String = "reasoning_effort") throws(APIError)
        -> Int?
    {
        let effort = try fields.string(key)
        let budget = try fields.int("thinking_token_budget", in: 0...Int(Int32.max))
        guard let effort else { return budget }
        guard let known = ReasoningEffort(rawValue: effort) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(
                fields.name(key),
                "'\(fields.name(key))' is '\(effort.escaped(limit: 32))'; it must be one of \(names)"
            )
        }
        return budget ?? known.thinkingBudget
    }
}
