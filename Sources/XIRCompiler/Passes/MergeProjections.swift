import Tensors
package import XIR

/// Merges the query, key and value projections into one `linear`, whose result is cut into the three.
package struct MergeQKVProjections: Pass {
    package let name = "merge-qkv-projections"

    package init() {}

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        try ProjectionMerge(pass: name, prefix: "qkv").run(on: &module) { function, definitions in
            function.operations.compactMap { operation in
                guard operation.name == "paged_attention" else { return nil }
                let caches = operation.operands[1...2].compactMap { definitions[$0]?.operands[1] }
                return [operation.operands[0]] + caches
            }
        }
    }
}

/// Merges the gate and up projections before `swiglu` into one `linear`.
package struct MergeGateUpProjections: Pass {
    package let name = "merge-gate-up-projections"

    package init() {}

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = try ProjectionMerge(pass: name, prefix: "gate_up").run(on: &module) { function, _ in
            function.operations.compactMap { $0.name == "swiglu" && $0.operands.count == 2 ? $0.operands : nil }
        }
        let joined = try PatternPass("join-swiglu", JoinSwiGLUHalves()).run(on: &module)
        outcome.refusals += joined.refusals
        return outcome
    }
}

/// swiglu(x[..<half], x[half...]) is swiglu(x).
private struct JoinSwiGLUHalves: RewritePattern {
    let roots = ["swiglu"]

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<ValueID> {
        guard operation.operands.count == 2, let gate = matcher.definition(operation.operands[0], "slice"),
            let up = matcher.definition(operation.operands[1], "slice"), gate.operands[0] == up.operands[0]
        else { return .none }
        let whole = matcher.type(gate.operands[0])
        let last = whole.rank - 1
        guard gate.integer("axis") == last, up.integer("axis") == last, gate.extents("start") == [0],
            gate.extents("end") == up.extents("start"), up.extents("end") == [whole.extents[last]]
        else { return .none }
        return .matched(gate.operands[0])
    }

    func rewrite(
        _ x: ValueID,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        try rewriter.append("swiglu", [x])
    }
}

/// Replaces several `linear` of the same rows, quantised or not, by one over the joined weights.
private struct ProjectionMerge {
    let pass: String
    let prefix: String

    /// `groups` names the values whose projections belong together, in the order in which they are joined.
    func run(
        on module: inout Module,
        groups: (Function, [ValueID: Operation]) -> [[ValueID]]
    ) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        for index in module.functions.indices {
            let function = module.functions[index]
            var definitions: [ValueID: Operation] = [:]
            for operation in function.operations {
                for result in operation.results { definitions[result] = operation }
            }
            var merges: [ValueID: [Operation]] = [:]
            for group in groups(function, definitions) {
                let projections = group.compactMap { projection($0, definitions) }
                guard projections.count == group.count, projections.count > 1 else { continue }
                if let reason = refusal(projections, function, definitions, module.constants) {
                    outcome.refuse(reason)
                    continue
                }
                for projection in projections { merges[projection.results[0]] = projections }
                outcome.rewrites += 1
            }
            guard !merges.isEmpty else { continue }
            var constants = module.constants
            var uses = ConstantUses(module.functions)
            module.constants = [:]  // so that weights go when they are merged
            var merged: Set<ValueID> = []
            var rewriter = FunctionRewriter(function)
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    guard let first = operation.results.first, let group = merges[first] else { return nil }
                    if merged.contains(first) { return [] }
                    let parts = try merge(group, operation.operands[0], definitions, &rewriter, &constants, &uses)
                    for (projection, part) in zip(group, parts) {
                        merged.insert(projection.results[0])
                        rewriter.replace(projection.results[0], with: part)
                    }
                    return []
                }
            } catch {
                throw CompilerError(.invalidModule, "\(pass): \(error.message)", cause: error)
            }
            module.constants = constants
            // What referred to the merged weights is dead, and they are gone.
            _ = try EliminateDeadCode().run(on: &module)
        }
        return outcome
    }

    /// The `linear` from which a value comes through rotation, normalisation and changes of shape.
    private func projection(_ value: ValueID, _ definitions: [ValueID: Operation]) -> Operation? {
        var current = value
        while let operation = definitions[current] {
            if operation.name.hasSuffix("linear") { return operation }
            guard ["reshape", "rotary", "rms_norm"].contains(operation.name) else { return nil }
            current = operation.operands[0]
        }
        return nil
    }

    private func refusal(
        _ projections: [Operation],
        _ function: Function,
        _ definitions: [ValueID: Operation],
        _ constants: [String: Constant]
    ) -> String? {
        let first = projections[0]
        guard Set(projections.map { $0.results[0] }).count == projections.count else {
            return "one projection serves twice"
        }
        guard projections.allSatisfy({ $0.operands[0] == first.operands[0] }) else {
            return "the projections are not of the same rows"
        }
        guard projections.allSatisfy({ $0.name == first.name && $0.attributes == first.attributes }) else {
            return "the projections are quantised in different ways"
        }
        guard projections.allSatisfy({ $0.operands.count == first.operands.count }) else {
            return "some projections have a bias and some have none"
        }
        for position in 1..<first.operands.count {
            let elementTypes = Set(projections.map { function.type($0.operands[position]).elementType })
            guard elementTypes.count == 1 else { return "the projections are stored in different element types" }
            for projection in projections {
                guard let name = definitions[projection.operands[position]]?.string("name"),
                    constants[name]?.tensor != nil
                else { return "the values of a projection are not at hand" }
            }
        }
        return nil
    }

    private func merge(
        _ group: [Operation],
        _ x: ValueID,
        _ definitions: [ValueID: Operation],
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant],
        _ uses: inout ConstantUses
    ) throws(XIRError) -> [ValueID] {
        var operands = [x]
        for position in 1..<group[0].operands.count {
            let names = group.compactMap { definitions[$0.operands[position]]?.string("name") }
            let tensors = names.compactMap { constants[$0]?.tensor }
            let name = "\(prefix):\(names[0])"
            let joined = Constant.tensor(Tensor.concatenatedRows(tensors))
            constants[name] = joined
            operands.append(rewriter.constant(name, joined))
            for name in names { uses.release(name, from: &constants) }
        }
        let whole = try rewriter.value(group[0].name, operands, group[0].attributes)
        let axis = rewriter.type(whole).rank - 1
        var start = Extent(0)
        var parts: [ValueID] = []
        for projection in group {
            let width = rewriter.type(projection.results[0]).extents[axis]
            parts.append(
                try rewriter.value(
                    "slice",
                    [whole],
                    ["axis": .integer(axis), "start": .extents([start]), "end": .extents([start + width])]
                )
            )
            start = start + width
        }
        return parts
    }
}

extension Tensor {
    /// The rows of tensors that agree in all but their first axis, one after the other, in a new buffer.
    static func concatenatedRows(_ tensors: [Tensor]) -> Tensor {
        var dimensions = tensors[0].shape.dimensions
        dimensions[0] = tensors.reduce(0) { $0 + $1.shape[0] }
        var result = MutableTensor(TensorType(tensors[0].elementType, Shape(dimensions)))
        result.withMutableBytes { target in
            var offset = 0
            for tensor in tensors {
                tensor.withBytes { source in
                    UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
                }
                offset += tensor.byteCount
            }
        }
        return result.freeze()
    }
}
