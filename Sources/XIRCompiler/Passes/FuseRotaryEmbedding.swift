import Tensors
import XIR

/// Recognises rotary positions: x * cos + rotate_half(x) * sin, with the angles from positions and a constant.
struct FuseRotaryEmbedding: RewritePattern {
    let roots = ["add"]

    struct Match {
        var x: ValueID
        var positions: ValueID
        var frequencies: String
        var scale: Double
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        for (straight, turned) in [
            (operation.operands[0], operation.operands[1]), (operation.operands[1], operation.operands[0]),
        ] {
            guard let straight = matcher.definition(straight, "mul"), let turned = matcher.definition(turned, "mul"),
                let (half, sine) = matcher.operands(turned, first: { rotatedHalf($0, matcher) != nil }),
                let x = rotatedHalf(half, matcher),
                let (_, cosine) = matcher.operands(straight, first: { $0 == x })
            else { continue }
            return check(x, cosine: cosine, sine: sine, matcher)
        }
        return .none
    }

    /// The x of concat(-x[half...], x[..<half]) along the last axis.
    private func rotatedHalf(_ value: ValueID, _ matcher: PatternMatcher) -> ValueID? {
        guard let concat = matcher.definition(value, "concat"), concat.operands.count == 2,
            let negated = matcher.definition(concat.operands[0], "neg"),
            let upper = matcher.definition(negated.operands[0], "slice"),
            let lower = matcher.definition(concat.operands[1], "slice"),
            upper.operands[0] == lower.operands[0]
        else { return nil }
        let type = matcher.type(upper.operands[0])
        guard let half = type.extents[type.rank - 1].divided(by: 2) else { return nil }
        let last = [type.rank - 1, -1]
        guard [upper, lower].allSatisfy({ last.contains($0.integer("axis") ?? 0) }),
            last.contains(concat.integer("axis") ?? 0), upper.extents("start") == [half],
            lower.extents("start") == [0], lower.extents("end") == [half]
        else { return nil }
        return upper.operands[0]
    }

    private func check(_ x: ValueID, cosine: ValueID, sine: ValueID, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        guard let cosines = angles(cosine, "cos", matcher), let sines = angles(sine, "sin", matcher) else {
            return .refused("the factors of a rotation are not the cosine and sine of positions times frequencies")
        }
        guard cosines.frequencies == sines.frequencies, cosines.positions == sines.positions,
            cosines.scale == sines.scale
        else { return .refused("the cosine and the sine of a rotation have different angles") }
        let type = matcher.type(x)
        guard type.rank == 4, type.extents[type.rank - 1].fixed == 2 * cosines.width else {
            return .refused("\(type) is turned by \(cosines.width) frequencies")
        }
        let positions = matcher.type(cosines.positions)
        let table = [type.extents[0], type.extents[2]]
        guard (1...2).contains(positions.rank), OperationDefinition.broadcast(positions.extents, table) == table else {
            return .refused("positions \(positions) do not fit the heads \(type)")
        }
        return .matched(
            Match(x: x, positions: cosines.positions, frequencies: cosines.frequencies, scale: cosines.scale)
        )
    }

    private struct Angles {
        var positions: ValueID
        var frequencies: String
        var width: Int
        var scale: Double
    }

    /// The angles of `function`(concat(f, f)) * scale, or of concat(function(f), function(f)) * scale.
    private func angles(_ value: ValueID, _ function: String, _ matcher: PatternMatcher) -> Angles? {
        var scale = 1.0
        var current = matcher.source(value, shapes: true)
        while let product = matcher.definition(current, "mul"),
            let (factor, rest) = matcher.operands(product, first: { matcher.scalar($0) != nil }),
            let number = matcher.scalar(factor)
        {
            scale *= number
            current = matcher.source(rest, shapes: true)
        }
        if let concat = twin(current, matcher) {
            guard let inner = matcher.definition(concat, function) else { return nil }
            return product(inner.operands[0], scale, matcher)
        }
        guard let outer = matcher.definition(current, function),
            let half = twin(matcher.source(outer.operands[0], shapes: true), matcher)
        else { return nil }
        return product(half, scale, matcher)
    }

    /// The f of concat(f, f).
    private func twin(_ value: ValueID, _ matcher: PatternMatcher) -> ValueID? {
        guard let concat = matcher.definition(value, "concat"), concat.operands.count == 2,
            concat.operands[0] == concat.operands[1]
        else { return nil }
        return concat.operands[0]
    }

    /// Positions times frequencies, as an elementwise or an outer matrix product.
    private func product(_ value: ValueID, _ scale: Double, _ matcher: PatternMatcher) -> Angles? {
        guard let product = matcher.definition(matcher.source(value, shapes: true)),
            ["mul", "matmul"].contains(product.name)
        else { return nil }
        func frequencies(_ value: ValueID) -> String? {
            guard let name = matcher.definition(matcher.source(value, shapes: true), "constant")?.string("name"),
                matcher.constants[name]?.type.elementType == .float32
            else { return nil }
            return name
        }
        guard
            let (constant, other) = matcher.operands(product, first: { frequencies($0) != nil }),
            let name = frequencies(constant), let width = matcher.constants[name]?.type.shape.elementCount
        else { return nil }
        guard let cast = matcher.definition(matcher.source(other, casts: false, shapes: true), "cast") else {
            return nil
        }
        let positions = matcher.source(cast.operands[0], casts: false, shapes: true)
        guard [.int32, .int64].contains(matcher.type(positions).elementType) else { return nil }
        return Angles(positions: positions, frequencies: name, width: width, scale: scale)
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        let name = "\(match.frequencies).vector"
        if constants[name] == nil, let tensor = constants[match.frequencies]?.tensor {
            let vector: Tensor? = try? tensor.reshaped([tensor.elementCount])
            constants[name] = vector.map { .tensor($0) }
        }
        guard let constant = constants[name] else {
            throw XIRError(.inference, "the values of constant '\(match.frequencies)' are missing")
        }
        let frequencies = rewriter.constant(name, constant)
        let (x, given) = (rewriter.type(match.x), rewriter.type(match.positions))
        let table = [x.extents[0], x.extents[2]]
        var positions = match.positions
        if given.extents != table {
            positions = try rewriter.value("broadcast_to", [positions], ["shape": .extents(table)])
        }
        return try rewriter.append("rotary", [match.x, positions, frequencies], ["scale": .float(match.scale)])
    }
}
