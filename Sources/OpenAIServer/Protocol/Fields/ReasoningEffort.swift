import TextGeneration

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

    /// What a request asks for with a budget, or else with an effort; an effort of none is no thinking at all.
    static func thinking(
        _ fields: RequestFields,
        effort key: String,
        budget budgetKey: String
    ) throws(APIError) -> (mode: ReasoningMode?, budget: Int?) {
        let effort = try fields.string(key)
        let budget = try fields.int(budgetKey, in: 0...Int(Int32.max))
        guard let effort else { return (nil, budget) }
        guard let known = ReasoningEffort(rawValue: effort) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(
                fields.name(key),
                "'\(fields.name(key))' is '\(effort.escaped(limit: 32))'; it must be one of \(names)"
            )
        }
        return (known == .none && budget ?? 0 == 0 ? .off : nil, budget ?? known.thinkingBudget)
    }
}
