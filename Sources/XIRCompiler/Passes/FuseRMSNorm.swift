import Tensors
import XIR

/// Recognises RMSNorm (Zhang and Sennrich, 2019) written out in primitive operations.
///
/// x * r * weight, where r is 1 / sqrt(mean(x^2) + epsilon) in any spelling: `rsqrt`, `reciprocal(sqrt)`, `1 / sqrt`,
/// `x / sqrt`, or a power of -0.5; the square as `x * x` or `pow(x, 2)`.
struct FuseRMSNorm: RewritePattern {
    let roots = ["mul"]

    struct Match {
        var x: ValueID
        var weight: ValueID
        var epsilon: Double
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        guard let (weight, scaled) = matcher.operands(operation, first: { matcher.constantName($0) != nil }) else {
            return .none
        }
        guard let normalized = matcher.definition(matcher.source(scaled)),
            let (x, variance) = normalization(normalized, matcher),
            let sum = matcher.definition(variance, "add"),
            let (epsilonValue, meanValue) = matcher.operands(sum, first: { matcher.scalar($0) != nil }),
            let epsilon = matcher.scalar(epsilonValue),
            let mean = matcher.definition(meanValue, "reduce_mean"),
            isSquare(mean.operands[0], of: x, matcher)
        else { return .none }
        let type = matcher.type(x)
        guard type.elementType == .float32 else { return .refused("RMSNorm is computed in \(type.elementType)") }
        let axis = mean.integers("axes") ?? []
        guard axis == [-1] || axis == [type.rank - 1], mean.bool("keep") == true else {
            return .refused("the mean of squares is not over the last axis")
        }
        guard matcher.type(weight).extents == [type.extents[type.rank - 1]] else {
            return .refused("the weight of RMSNorm is not a vector as long as a row")
        }
        return .matched(Match(x: x, weight: matcher.source(weight), epsilon: epsilon))
    }

    /// The x and the variance plus epsilon of x times its inverse root.
    private func normalization(_ operation: Operation, _ matcher: PatternMatcher) -> (ValueID, ValueID)? {
        if operation.name == "div", let root = matcher.definition(operation.operands[1], "sqrt") {
            return (operation.operands[0], root.operands[0])
        }
        guard operation.name == "mul" else { return nil }
        for (x, factor) in [
            (operation.operands[0], operation.operands[1]), (operation.operands[1], operation.operands[0]),
        ] {
            if let variance = inverseRoot(factor, matcher) { return (x, variance) }
        }
        return nil
    }

    private func inverseRoot(_ value: ValueID, _ matcher: PatternMatcher) -> ValueID? {
        guard let operation = matcher.definition(value) else { return nil }
        switch operation.name {
        case "rsqrt": return operation.operands[0]
        case "reciprocal": return matcher.definition(operation.operands[0], "sqrt")?.operands[0]
        case "div":
            guard matcher.scalar(operation.operands[0]) == 1 else { return nil }
            return matcher.definition(operation.operands[1], "sqrt")?.operands[0]
        case "pow": return matcher.scalar(operation.operands[1]) == -0.5 ? operation.operands[0] : nil
        default: return nil
        }
    }

    private func isSquare(_ value: ValueID, of x: ValueID, _ matcher: PatternMatcher) -> Bool {
        guard let operation = matcher.definition(value), operation.operands[0] == x else { return false }
        switch operation.name {
        case "mul": return operation.operands[1] == x
        case "pow": return matcher.scalar(operation.operands[1]) == 2
        default: return false
        }
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        try rewriter.append("rms_norm", [match.x, match.weight], ["epsilon": .float(match.epsilon)])
    }
}

/// Joins the addition of the residual with the normalisation that follows it.
struct FuseResidualRMSNorm: RewritePattern {
    let roots = ["rms_norm"]

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Operation> {
        guard let sum = matcher.definition(operation.operands[0], "add") else { return .none }
        guard matcher.type(sum.operands[0]) == matcher.type(sum.operands[1]) else {
            return .refused("the sum before RMSNorm broadcasts")
        }
        return .matched(sum)
    }

    func rewrite(
        _ sum: Operation,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        let results = try rewriter.append(
            "add_rms_norm",
            sum.operands + [operation.operands[1]],
            operation.attributes
        )
        rewriter.replace(sum.results[0], with: results[0])
        return [results[1]]
    }
}
