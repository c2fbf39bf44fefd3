import Tensors
import XIR

/// Recognises silu, x * sigmoid(x).
struct FuseSiLU: RewritePattern {
    let roots = ["mul"]

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<ValueID> {
        guard
            let (sigmoid, x) = matcher.operands(operation, first: { matcher.definition($0, "sigmoid") != nil }),
            matcher.definition(sigmoid)?.operands[0] == x
        else { return .none }
        return .matched(x)
    }

    func rewrite(
        _ x: ValueID,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        try rewriter.append("silu", [x])
    }
}

/// Joins silu(gate) * up into `swiglu` (Shazeer, 2020).
struct FuseSwiGLU: RewritePattern {
    let roots = ["mul"]

    struct Match {
        var gate: ValueID
        var up: ValueID
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        guard
            let (activated, up) = matcher.operands(operation, first: { matcher.definition($0, "silu") != nil }),
            let gate = matcher.definition(activated)?.operands[0]
        else { return .none }
        guard matcher.type(gate) == matcher.type(up), matcher.type(gate).elementType == .float32 else {
            return .refused("gate \(matcher.type(gate)) and up \(matcher.type(up)) differ")
        }
        return .matched(Match(gate: gate, up: up))
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        try rewriter.append("swiglu", [match.gate, match.up])
    }
}
