import Tensors
import XIR

/// Removes operations that change nothing: casts to the same type, reshapes to the same shape, additions of zero,
/// joins reshapes and transposes that follow one another, and transposes matrices without first joining the axes around.
struct Canonicalize: RewritePattern {
    let roots = [
        "cast", "reshape", "broadcast_to", "transpose", "slice", "concat", "add", "mul", "not",
    ]

    enum Match {
        case identity(ValueID)
        case reshape(ValueID)
        case transpose(ValueID, [Int])
        /// The value in this shape, then its last two axes exchanged.
        case matrixTranspose(ValueID, [Extent])
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
            if let (source, shape) = batchedTranspose(operand, result, matcher) {
                return .matched(.matrixTranspose(source, shape))
            }
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

    /// The x, and its shape [a, b, m, n], of reshape(transpose(reshape(x, [a * b, m, n]), [0, 2, 1]), [a, b, n, m]).
    private func batchedTranspose(_ value: ValueID, _ result: ValueType, _ matcher: PatternMatcher)
        -> (ValueID, [Extent])?
    {
        guard result.rank == 4, let transpose = matcher.definition(value, "transpose"),
            transpose.integers("permutation") == [0, 2, 1],
            let joined = matcher.definition(transpose.operands[0], "reshape")
        else { return nil }
        let shape = [0, 1, 3, 2].map { result.extents[$0] }
        guard matcher.type(joined.results[0]).extents.suffix(2) == shape.suffix(2) else { return nil }
        return (joined.operands[0], shape)
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
        case .matrixTranspose(let source, let shape):
            let split =
                rewriter.type(source).extents == shape
                ? source : try rewriter.value("reshape", [source], ["shape": .extents(shape)])
            return try rewriter.append("transpose", [split], ["permutation": .integers([0, 1, 3, 2])])
        case .transpose(let source, let permutation):
            return try rewriter.append("transpose", [source], ["permutation": .integers(permutation)])
        }
    }
}
