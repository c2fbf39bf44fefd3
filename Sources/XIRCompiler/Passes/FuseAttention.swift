import Tensors
import XIR

/// Recognises attention out of primitive operations: softmax(query key^T * scale + mask) value.
///
/// Key and value heads may be repeated for their group of query heads. What the mask means is found by evaluating the
/// operations that make it (see `MaskProbe`), so that every exporter's spelling of "causal, and not padding" serves.
struct FuseAttention: RewritePattern {
    let roots = ["matmul"]

    struct Match {
        var query: ValueID
        var key: ValueID
        var value: ValueID
        /// Nil when the graph has no padding mask.
        var mask: ValueID?
        var scale: Double
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        guard let softmax = softmax(operation.operands[0], matcher) else { return .none }
        let rank = matcher.type(softmax.results[0]).rank
        guard rank == 4, [3, -1].contains(softmax.integer("axis") ?? 0) else {
            return .refused("a softmax before a matrix product is not over the last of four axes")
        }
        guard let scores = scores(softmax.operands[0], matcher) else {
            return .refused("the operand of softmax is not a product of queries and keys plus a mask")
        }
        guard let key = ungrouped(scores.key, matcher), let value = ungrouped(operation.operands[1], matcher) else {
            return .refused("keys and values are repeated over heads in a way that is not known")
        }
        let (queryType, keyType) = (matcher.type(scores.query), matcher.type(key))
        guard keyType == matcher.type(value), queryType.rank == 4, keyType.rank == 4,
            queryType.extents[0] == keyType.extents[0], queryType.extents[3] == keyType.extents[3],
            queryType.elementType == .float32
        else {
            return .refused("queries \(queryType), keys \(keyType) and values \(matcher.type(value)) do not fit")
        }
        let probe = DenseProbe(
            scores.mask,
            of: matcher.rewriter.builder.function,
            matcher.constants,
            DenseProbe.Lengths(
                batch: keyType.extents[0],
                sequence: queryType.extents[2],
                total: keyType.extents[2]
            )
        )
        switch MaskProbe(probe: probe).meaning() {
        case .refused(let reason): return .refused("the attention mask: \(reason)")
        case .causal(let padding):
            return .matched(
                Match(query: scores.query, key: key, value: value, mask: padding, scale: scores.scale)
            )
        }
    }

    /// The softmax that makes the weights; where(isnan(weights), 0, weights) around it serves rows that see nothing.
    private func softmax(_ weights: ValueID, _ matcher: PatternMatcher) -> Operation? {
        let value = matcher.source(weights)
        guard let choice = matcher.definition(value, "where") else { return matcher.definition(value, "softmax") }
        let kept = choice.operands[2]
        guard matcher.scalar(choice.operands[1]) == 0, let negation = matcher.definition(choice.operands[0], "not"),
            let equality = matcher.definition(negation.operands[0], "equal"), equality.operands == [kept, kept]
        else { return nil }
        return matcher.definition(matcher.source(kept), "softmax")
    }

    private struct Scores {
        var query: ValueID
        var key: ValueID
        var mask: ValueID
        var scale: Double
    }

    /// Takes apart (query key^T) * scale + mask, with the scale on the product or on its factors.
    private func scores(_ value: ValueID, _ matcher: PatternMatcher) -> Scores? {
        guard let sum = matcher.definition(matcher.source(value), "add") else { return nil }
        for (left, mask) in [(sum.operands[0], sum.operands[1]), (sum.operands[1], sum.operands[0])] {
            let (productValue, outer) = unscaled(matcher.source(left), matcher)
            guard let product = matcher.definition(productValue, "matmul") else { continue }
            let (query, queryScale) = unscaled(product.operands[0], matcher)
            let (keyTransposed, keyScale) = unscaled(product.operands[1], matcher)
            guard let transpose = matcher.definition(keyTransposed, "transpose"),
                transpose.integers("permutation") == [0, 1, 3, 2]
            else { continue }
            let (key, innerScale) = unscaled(transpose.operands[0], matcher)
            return Scores(query: query, key: key, mask: mask, scale: outer * queryScale * keyScale * innerScale)
        }
        return nil
    }

    /// The value without multiplications and divisions by a number, and their product.
    private func unscaled(_ value: ValueID, _ matcher: PatternMatcher) -> (ValueID, Double) {
        guard let operation = matcher.definition(value) else { return (value, 1) }
        if operation.name == "mul",
            let (factor, rest) = matcher.operands(operation, first: { matcher.scalar($0) != nil }),
            let number = matcher.scalar(factor)
        {
            let (inner, scale) = unscaled(rest, matcher)
            return (inner, scale * number)
        }
        if operation.name == "div", let number = matcher.scalar(operation.operands[1]), number != 0 {
            let (inner, scale) = unscaled(operation.operands[0], matcher)
            return (inner, scale / number)
        }
        return (value, 1)
    }

    /// The heads before they were repeated: reshape(broadcast_to(reshape(x, [b, kv, 1, t, d]), [b, kv, g, t, d])).
    private func ungrouped(_ value: ValueID, _ matcher: PatternMatcher) -> ValueID? {
        guard let outer = matcher.definition(value, "reshape"),
            let broadcast = matcher.definition(outer.operands[0], "broadcast_to")
        else { return value }
        let grouped = matcher.type(broadcast.results[0])
        guard let inner = matcher.definition(broadcast.operands[0], "reshape") else { return nil }
        let single = matcher.type(inner.results[0])
        let source = matcher.type(inner.operands[0])
        guard grouped.rank == 5, single.rank == 5, source.rank == 4, single.extents[2] == 1 else { return nil }
        var expected = single.extents
        expected[2] = grouped.extents[2]
        var ungrouped = single.extents
        ungrouped.remove(at: 2)
        guard grouped.extents == expected, source.extents == ungrouped else { return nil }
        return inner.operands[0]
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        let key = rewriter.type(match.key)
        let mask: ValueID
        if let given = match.mask {
            let isLong = rewriter.type(given).elementType == .int64
            mask = isLong ? given : try rewriter.value("cast", [given], ["to": .elementType(.int64)])
        } else {
            constants["attention.no_padding"] = .tensor(Tensor([1] as [Int64], []))
            let one = rewriter.constant("attention.no_padding", .tensor(Tensor([1] as [Int64], [])))
            mask = try rewriter.value("broadcast_to", [one], ["shape": .extents([key.extents[0], key.extents[2]])])
        }
        return try rewriter.append(
            "attention",
            [match.query, match.key, match.value, mask],
            ["scale": .float(match.scale)]
        )
    }
}
