import XIR

/// Joins what stands between the merged projection and paged attention (cutting, head norms, rotation, cache writes)
/// into one `rotary_cache_write`.
struct FuseRotaryCacheWrite: RewritePattern {
    let roots = ["paged_attention"]

    struct Match {
        var qkv: ValueID
        var rotary: Operation
        var slots: ValueID
        var keyCache: ValueID
        var valueCache: ValueID
        var norms: [ValueID]
        var epsilon: Attribute?
    }

    private struct Head {
        var slice: Operation
        var rotary: Operation
        var norm: Operation?
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        guard let keyWrite = matcher.definition(operation.operands[1], "cache_write"),
            let valueWrite = matcher.definition(operation.operands[2], "cache_write"),
            let query = head(operation.operands[0], matcher), let key = head(keyWrite.operands[1], matcher),
            let value = matcher.definition(valueWrite.operands[1], "slice")
        else { return .none }
        let qkv = query.slice.operands[0]
        guard key.slice.operands[0] == qkv, value.operands[0] == qkv, query.slice.extents("start") == [0],
            query.slice.extents("end") == key.slice.extents("start"),
            key.slice.extents("end") == value.extents("start"),
            value.extents("end") == [matcher.type(qkv).extents[1]]
        else { return .refused("query, key and value do not make up the rows of one projection") }
        guard Array(query.rotary.operands.dropFirst()) == Array(key.rotary.operands.dropFirst()),
            query.rotary.attributes == key.rotary.attributes
        else { return .refused("query and key are turned differently") }
        guard keyWrite.operands[2] == valueWrite.operands[2] else {
            return .refused("keys and values go to other slots")
        }
        var norms: [ValueID] = []
        var epsilon: Attribute?
        if let queryNorm = query.norm, let keyNorm = key.norm {
            guard queryNorm.attributes == keyNorm.attributes else {
                return .refused("the head norms differ in epsilon")
            }
            norms = [queryNorm.operands[1], keyNorm.operands[1]]
            epsilon = queryNorm.attributes["epsilon"]
        } else if query.norm != nil || key.norm != nil {
            return .refused("only one of query and key is normalised")
        }
        return .matched(
            Match(
                qkv: qkv,
                rotary: query.rotary,
                slots: keyWrite.operands[2],
                keyCache: keyWrite.operands[0],
                valueCache: valueWrite.operands[0],
                norms: norms,
                epsilon: epsilon
            )
        )
    }

    /// Takes apart reshape(rotary(rms_norm?(reshape(slice(qkv))))).
    private func head(_ value: ValueID, _ matcher: PatternMatcher) -> Head? {
        guard let joined = matcher.definition(value, "reshape"),
            let rotary = matcher.definition(joined.operands[0], "rotary")
        else { return nil }
        var norm = matcher.definition(rotary.operands[0], "rms_norm")
        var split = norm?.operands[0] ?? rotary.operands[0]
        // The head norm may have joined and split the heads again; both reshapes cancel in `canonicalize`.
        guard let reshape = matcher.definition(split, "reshape") else { return nil }
        split = reshape.operands[0]
        if norm == nil, let inner = matcher.definition(split, "rms_norm") {
            norm = inner
            guard let reshape = matcher.definition(inner.operands[0], "reshape") else { return nil }
            split = reshape.operands[0]
        }
        guard let slice = matcher.definition(split, "slice") else { return nil }
        return Head(slice: slice, rotary: rotary, norm: norm)
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        var attributes: [String: Attribute] = [
            "heads": operation.attributes["heads"] ?? .integer(0),
            "scale": match.rotary.attributes["scale"] ?? .float(1),
        ]
        attributes["epsilon"] = match.epsilon
        let written = try rewriter.append(
            "rotary_cache_write",
            [
                match.qkv, match.rotary.operands[1], match.slots, match.rotary.operands[2], match.keyCache,
                match.valueCache,
            ] + match.norms,
            attributes
        )
        rewriter.drop(updatesOf: [match.keyCache, match.valueCache], keeping: written)
        return try rewriter.append(
            "paged_attention",
            [written[0], written[1], written[2]] + operation.operands.dropFirst(3),
            operation.attributes
        )
    }
}
