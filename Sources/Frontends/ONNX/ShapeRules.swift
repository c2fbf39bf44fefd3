import ONNX
import Tensors
import XIR

extension ImportRules {
    /// Operators that read, compute or change shapes.
    static let shapes: [String: Rule] = [
        "Constant": { (node, context, _) throws(FrontendError) in
            guard let tensor = node.constantTensor else {
                throw FrontendError.unsupportedNode(node, "a constant of this kind is not supported")
            }
            return [context.constant(node.outputs.first ?? node.name, tensor)]
        },
        "Shape": { (node, context, _) throws(FrontendError) in
            let x = try context.value(node, 0)
            let extents = context.type(x).extents
            let bound = { (axis: Int) in max(0, min(extents.count, axis < 0 ? axis + extents.count : axis)) }
            let (start, end) = (bound(node.integer("start") ?? 0), bound(node.integer("end") ?? extents.count))
            return [ImportedValue(ImportedValue.Numbers(start < end ? Array(extents[start..<end]) : []))]
        },
        "Size": { (node, context, _) throws(FrontendError) in
            let x = try context.value(node, 0)
            guard let count = context.type(x).elementCount else {
                throw FrontendError.unsupportedNode(node, "the size is a product of unknown extents")
            }
            return [ImportedValue(ImportedValue.Numbers([count], isScalar: true))]
        },
        "ConstantOfShape": { (node, context, _) throws(FrontendError) in
            let shape = try context.requiredNumbers(node, 0, "the shape")
            let tensor = node.tensor("value") ?? Tensor([0] as [Float], [1])
            guard let scalar = try? tensor.reshaped([]), let value = context.constant("fill", scalar).value else {
                throw FrontendError.unsupportedNode(node, "the value is not one number")
            }
            if tensor.elementType == .int64, shape.count == 1, let length = shape[0].fixed, (0...64).contains(length),
                let number = tensor.integers?.first
            {
                return [ImportedValue(ImportedValue.Numbers([Extent](repeating: Extent(number), count: length)))]
            }
            return [
                ImportedValue(try context.append("broadcast_to", [value], ["shape": .extents(shape)], for: node))
            ]
        },
        "Range": { (node, context, _) throws(FrontendError) in
            let start = try context.requiredNumbers(node, 0, "the start")
            let limit = try context.requiredNumbers(node, 1, "the limit")
            guard start.count == 1, limit.count == 1, try context.requiredNumbers(node, 2, "the step") == [1] else {
                throw FrontendError.unsupportedNode(node, "only steps of 1 are supported")
            }
            let length = limit[0] - start[0]
            let range = try context.append("iota", [], ["length": .extents([length])], for: node)
            if start[0] == 0 { return [ImportedValue(range)] }
            let first = try context.append("extent", [], ["value": .extents(start)], for: node)
            return [ImportedValue(try context.append("add", [range, first], for: node))]
        },
        "Reshape": { (node, context, _) throws(FrontendError) in
            let target = try context.requiredNumbers(node, 1, "the shape")
            if let numbers = context.numbers(node, 0), target.count <= 1 {
                return [ImportedValue(ImportedValue.Numbers(numbers.extents, isScalar: target.isEmpty))]
            }
            let x = try context.value(node, 0)
            let shape = try resolved(target, from: context.type(x).extents, node)
            return [ImportedValue(try context.append("reshape", [x], ["shape": .extents(shape)], for: node))]
        },
        "Flatten": { (node, context, _) throws(FrontendError) in
            let x = try context.value(node, 0)
            let extents = context.type(x).extents
            let axis = node.integer("axis") ?? 1
            let split = axis < 0 ? axis + extents.count : axis
            guard (0...extents.count).contains(split),
                let rows = ValueType(.float32, Array(extents[..<split])).elementCount,
                let columns = ValueType(.float32, Array(extents[split...])).elementCount
            else { throw FrontendError.unsupportedNode(node, "the flattened shape is not known") }
            return [
                ImportedValue(try context.append("reshape", [x], ["shape": .extents([rows, columns])], for: node))
            ]
        },
        "Unsqueeze": { (node, context, _) throws(FrontendError) in
            guard let axes = try axes(node, &context) else { throw FrontendError.unsupportedNode(node, "has no axes") }
            if let numbers = context.numbers(node, 0), numbers.isScalar, axes == [0] || axes == [-1] {
                return [ImportedValue(ImportedValue.Numbers(numbers.extents))]
            }
            let x = try context.value(node, 0)
            var shape = context.type(x).extents
            let rank = shape.count + axes.count
            for axis in axes.map({ $0 < 0 ? $0 + rank : $0 }).sorted() {
                guard (0...shape.count).contains(axis) else {
                    throw FrontendError.unsupportedNode(node, "axis \(axis) is outside rank \(rank)")
                }
                shape.insert(1, at: axis)
            }
            return [ImportedValue(try context.append("reshape", [x], ["shape": .extents(shape)], for: node))]
        },
        "Squeeze": { (node, context, _) throws(FrontendError) in
            let given = try axes(node, &context)
            if let numbers = context.numbers(node, 0), !numbers.isScalar, numbers.extents.count == 1 {
                return [ImportedValue(ImportedValue.Numbers(numbers.extents, isScalar: true))]
            }
            let x = try context.value(node, 0)
            let extents = context.type(x).extents
            let axes = Set(
                given.map { $0.map { $0 < 0 ? $0 + extents.count : $0 } } ?? extents.indices.filter { extents[$0] == 1 }
            )
            let shape = extents.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
            return [ImportedValue(try context.append("reshape", [x], ["shape": .extents(shape)], for: node))]
        },
        "Expand": { (node, context, _) throws(FrontendError) in
            let x = try context.value(node, 0)
            let target = try context.requiredNumbers(node, 1, "the shape")
            guard let shape = OperationDefinition.broadcast(context.type(x).extents, target) else {
                throw FrontendError.unsupportedNode(node, "\(context.type(x)) does not broadcast to \(target)")
            }
            return [ImportedValue(try context.append("broadcast_to", [x], ["shape": .extents(shape)], for: node))]
        },
        "Transpose": { (node, context, _) throws(FrontendError) in
            let x = try context.value(node, 0)
            let permutation = node.integers("perm") ?? Array((0..<context.type(x).rank).reversed())
            return [
                ImportedValue(
                    try context.append("transpose", [x], ["permutation": .integers(permutation)], for: node)
                )
            ]
        },
        "Concat": { (node, context, _) throws(FrontendError) in
            let axis = node.integer("axis") ?? 0
            let numbers = node.inputs.indices.compactMap { context.numbers(node, $0) }
            if numbers.count == node.inputs.count, axis == 0 || axis == -1, !numbers.contains(where: \.isScalar) {
                return [ImportedValue(ImportedValue.Numbers(numbers.flatMap(\.extents)))]
            }
            var operands: [ValueID] = []
            for position in node.inputs.indices { operands.append(try context.value(node, position)) }
            return [ImportedValue(try context.append("concat", operands, ["axis": .integer(axis)], for: node))]
        },
        "Gather": { (node, context, _) throws(FrontendError) in
            let axis = node.integer("axis") ?? 0
            if let numbers = context.numbers(node, 0), !numbers.isScalar, let indices = context.numbers(node, 1) {
                var picked: [Extent] = []
                for index in indices.extents {
                    let fixed = index.fixed.map { $0 < 0 ? $0 + numbers.extents.count : $0 }
                    guard let fixed, numbers.extents.indices.contains(fixed) else {
                        throw FrontendError.unsupportedNode(
                            node,
                            "index \(index) is outside \(numbers.extents.count) numbers"
                        )
                    }
                    picked.append(numbers.extents[fixed])
                }
                return [ImportedValue(ImportedValue.Numbers(picked, isScalar: indices.isScalar))]
            }
            let operands = [try context.value(node, 0), try context.value(node, 1)]
            return [ImportedValue(try context.append("gather", operands, ["axis": .integer(axis)], for: node))]
        },
        "GatherND": { (node, context, _) throws(FrontendError) in
            guard (node.integer("batch_dims") ?? 0) == 0 else {
                throw FrontendError.unsupportedNode(node, "batch_dims other than 0 is not supported")
            }
            let operands = [try context.value(node, 0), try context.value(node, 1)]
            return [ImportedValue(try context.append("gather_nd", operands, for: node))]
        },
        "Slice": { (node, context, _) throws(FrontendError) in try slice(node, &context) },
        "Split": { (node, context, _) throws(FrontendError) in try split(node, &context) },
    ]

    /// A target shape with 0 (keep) and -1 (what remains) worked out.
    private static func resolved(_ target: [Extent], from source: [Extent], _ node: Node)
        throws(FrontendError) -> [Extent]
    {
        var shape = target
        for (axis, extent) in target.enumerated() where extent == 0 && node.integer("allowzero") != 1 {
            guard source.indices.contains(axis) else {
                throw FrontendError.unsupportedNode(node, "keeps axis \(axis), which the operand does not have")
            }
            shape[axis] = source[axis]
        }
        guard let open = shape.firstIndex(of: -1) else { return shape }
        // Equal factors cancel, so that only what differs must be multiplied.
        var (dividend, divisor) = (source, shape)
        divisor.remove(at: open)
        for extent in divisor {
            guard let position = dividend.firstIndex(of: extent) else { continue }
            dividend.remove(at: position)
            if let other = divisor.firstIndex(of: extent) { divisor.remove(at: other) }
        }
        let one: Extent? = 1
        guard let product = dividend.reduce(one, { $0?.multiplied(by: $1) }),
            let known = divisor.reduce(one, { $0?.multiplied(by: $1) }),
            let rest = known == 1 ? product : known.fixed.flatMap({ product.divided(by: $0) })
        else {
            throw FrontendError.unsupportedNode(node, "the open axis of shape \(target) for \(source) is not known")
        }
        shape[open] = rest
        return shape
    }

    private static func slice(_ node: Node, _ context: inout ImportContext) throws(FrontendError) -> [ImportedValue] {
        let starts = try context.requiredNumbers(node, 1, "the start")
        let ends = try context.requiredNumbers(node, 2, "the end")
        let axes =
            context.hasOperand(node, 3) ? try context.requiredIntegers(node, 3, "the axes") : Array(starts.indices)
        if context.hasOperand(node, 4) {
            guard try context.requiredIntegers(node, 4, "the steps").allSatisfy({ $0 == 1 }) else {
                throw FrontendError.unsupportedNode(node, "only steps of 1 are supported")
            }
        }
        guard starts.count == ends.count, axes.count == starts.count else {
            throw FrontendError.unsupportedNode(node, "starts, ends and axes differ in number")
        }
        if let numbers = context.numbers(node, 0), !numbers.isScalar, starts.count == 1 {
            let extent = Extent(numbers.extents.count)
            let (start, end) = (bound(starts[0], extent).fixed ?? 0, bound(ends[0], extent).fixed ?? 0)
            let picked = start < end ? Array(numbers.extents[start..<end]) : []
            return [ImportedValue(ImportedValue.Numbers(picked))]
        }
        var x = try context.value(node, 0)
        for (position, axis) in axes.enumerated() {
            let rank = context.type(x).rank
            guard let axis = OperationDefinition.normalizedAxis(axis, rank: rank) else {
                throw FrontendError.unsupportedNode(node, "axis \(axis) is outside rank \(rank)")
            }
            let extent = context.type(x).extents[axis]
            let attributes: [String: XIR.Attribute] = [
                "axis": .integer(axis), "start": .extents([bound(starts[position], extent)]),
                "end": .extents([bound(ends[position], extent)]),
            ]
            x = try context.append("slice", [x], attributes, for: node)
        }
        return [ImportedValue(x)]
    }

    /// A start or an end of a slice: counted from the back when negative, and cut at the axis' length.
    private static func bound(_ position: Extent, _ length: Extent) -> Extent {
        guard let fixed = position.fixed else { return position }
        if fixed < 0 {
            let fromBack = length + Extent(max(fixed, -(1 << 40)))
            return fromBack.fixed.map { Extent(max(0, $0)) } ?? fromBack
        }
        guard let limit = length.fixed else { return fixed >= 1 << 31 - 1 ? length : position }
        return Extent(min(fixed, limit))
    }

    private static func split(_ node: Node, _ context: inout ImportContext) throws(FrontendError) -> [ImportedValue] {
        let x = try context.value(node, 0)
        let rank = context.type(x).rank
        guard let axis = OperationDefinition.normalizedAxis(node.integer("axis") ?? 0, rank: rank) else {
            throw FrontendError.unsupportedNode(node, "the axis is outside rank \(rank)")
        }
        let extent = context.type(x).extents[axis]
        let widths: [Extent]
        if context.hasOperand(node, 1) {
            widths = try context.requiredNumbers(node, 1, "the split")
        } else {
            guard let width = extent.divided(by: max(1, node.outputs.count)) else {
                throw FrontendError.unsupportedNode(node, "\(extent) does not split into \(node.outputs.count)")
            }
            widths = [Extent](repeating: width, count: node.outputs.count)
        }
        var start = Extent(0)
        var parts: [ImportedValue] = []
        for width in widths {
            let attributes: [String: XIR.Attribute] = [
                "axis": .integer(axis), "start": .extents([start]), "end": .extents([start + width]),
            ]
            parts.append(ImportedValue(try context.append("slice", [x], attributes, for: node)))
            start = start + width
        }
        return parts
    }
}
