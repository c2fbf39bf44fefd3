import Tensors
import XIR

/// Removes operations that change nothing: casts to the same type, reshapes to the same shape, additions of zero,
/// and joins reshapes and transposes that follow one another.
struct Canonicalize: RewritePattern {
    let roots = [
        "cast", "reshape", "broadcast_to", "transpose", "slice", "concat", "add", "mul", "not",
    ]

    enum Match {
        case identity(ValueID)
        case reshape(ValueID)
        case transpose(ValueID, [Int])
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        let operand = operation.operands[0]
        let result = matcher.type(operation.results[0])
        switch operation.name {
        case "cast", "broadcast_to":
            return matcher.type(operand) == result ? .matched(.identity(operand)) : .none
        case "slice":
            return matcher.type(operand) == result ? .matched(.identity(operand)) : .none
        case "concat":
            return operation.operands.count == 1 ? .matched(.identity(operand)) : .none
        case "reshape":
            if matcher.type(operand) == result { return .matched(.identity(operand)) }
            guard let inner = matcher.definition(operand, "reshape") else { return .none }
            if matcher.type(inner.operands[0]) == result { return .matched(.identity(inner.operands[0])) }
            return .matched(.reshape(inner.operands[0]))
        case "transpose":
            let permutation = operation.integers("permutation") ?? []
            if permutation == Array(permutation.indices) { return .matched(.identity(operand)) }
            guard let inner = matcher.definition(operand, "transpose"), let first = inner.integers("permutation") else {
                return .none
            }
            return .matched(.transpose(inner.operands[0], permutation.map { first[$0] }))
        case "not":
            guard let inner = matcher.definition(operand, "not") else { return .none }
            return .matched(.identity(inner.operands[0]))
        case "add", "mul":
            let neutral = operation.name == "add" ? 0.0 : 1.0
            guard let (_, other) = matcher.operands(operation, first: { matcher.scalar($0) == neutral }),
                matcher.type(other) == result
            else { return .none }
            return .matched(.identity(other))
        default:
            return .none
        }
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        switch match {
        case .identity(let value): return [value]
        case .reshape(let source):
            return try rewriter.append(
                "reshape",
                [source],
                ["shape": .extents(rewriter.type(operation.results[0]).extents)]
            )
        case .transpose(let source, let permutation):
            return try rewriter.append("transpose", [source], ["permutation": .integers(permutation)])
        }
    }
}
