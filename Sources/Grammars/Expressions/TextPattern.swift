/// A pattern as what a text must match, from beginning to end, and what else it must or must not match.
struct TextPattern: Sendable {
    struct Condition: Sendable {
        var expression: RegularExpression
        var isNegative: Bool
    }

    var expression: RegularExpression
    var conditions: [Condition]

    /// The automaton of the texts that match; nil when there are none.
    func automaton(
        inString: Bool,
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton? {
        guard var whole = try expression.automaton(inString: inString, at: path, &budget) else { return nil }
        for condition in conditions {
            // What nothing matches excludes nothing, and allows nothing.
            guard let other = try condition.expression.automaton(inString: inString, at: path, &budget) else {
                if condition.isNegative { continue }
                return nil
            }
            let held = try whole.intersection(other, isNegative: condition.isNegative, at: path, &budget)
            guard let held else { return nil }
            whole = held
        }
        return whole
    }
}
