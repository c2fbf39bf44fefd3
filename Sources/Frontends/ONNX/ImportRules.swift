import ONNX
import Tensors
import XIR

/// How each ONNX operator is said in XIR.
enum ImportRules {
    /// The values for the node's outputs, in order.
    typealias Rule = @Sendable (Node, inout ImportContext, _ opset: Int) throws(FrontendError) -> [ImportedValue]

    static let all: [String: Rule] = [elementwise, arithmetic, linearAlgebra, shapes, reductions]
        .reduce(into: [:]) { all, some in all.merge(some) { first, _ in first } }

    // MARK: Elementwise

    private static let elementwise: [String: Rule] = [
        "Neg": unary("neg"), "Abs": unary("abs"), "Exp": unary("exp"), "Log": unary("log"), "Sqrt": unary("sqrt"),
        "Reciprocal": unary("reciprocal"), "Cos": unary("cos"), "Sin": unary("sin"), "Tanh": unary("tanh"),
        "Erf": unary("erf"), "Sigmoid": unary("sigmoid"), "Not": unary("not"),
        "Pow": pair("pow"), "Min": pair("min"), "Max": pair("max"), "Less": pair("less"),
        "LessOrEqual": pair("less_equal"), "Greater": pair("greater"), "GreaterOrEqual": pair("greater_equal"),
        "And": pair("and"), "Or": pair("or"),
        "Identity": { (node, context, _) throws(FrontendError) in
            [ImportedValue(try context.value(node, 0), numbers: context.numbers(node, 0))]
        },
        "Equal": { (node, context, opset) throws(FrontendError) in
            // Exporters compare shapes with -1 before they expand to them.
            let numbers = ImportedValue.Numbers.combined(context.numbers(node, 0), context.numbers(node, 1)) { x, y in
                if x == y { return 1 }
                return (x - y).fixed != nil || x == -1 || y == -1 ? 0 : nil
            }
            let value = try pair("equal")(node, &context, opset)[0].value
            return [ImportedValue(value, numbers: numbers)]
        },
        "Where": { (node, context, _) throws(FrontendError) in
            let (x, y) = (context.numbers(node, 1), context.numbers(node, 2))
            if let condition = context.numbers(node, 0), let x, let y, x.extents.count == condition.extents.count,
                y.extents.count == condition.extents.count
            {
                let picked = condition.extents.indices.map {
                    condition.extents[$0] == 0 ? y.extents[$0] : x.extents[$0]
                }
                return [ImportedValue(ImportedValue.Numbers(picked, isScalar: condition.isScalar))]
            }
            let operands = [try context.value(node, 0), try context.value(node, 1), try context.value(node, 2)]
            return [ImportedValue(try context.append("where", operands, for: node))]
        },
        "IsNaN": { (node, context, _) throws(FrontendError) in
            let x = try context.value(node, 0)
            let same = try context.append("equal", [x, x], for: node)
            return [ImportedValue(try context.append("not", [same], for: node))]
        },
        "Cast": { (node, context, _) throws(FrontendError) in
            guard let type = ElementType(onnxNumber: node.integer("to") ?? 0) else {
                throw FrontendError.unsupportedNode(node, "element type \(node.integer("to") ?? 0) is not supported")
            }
            // Known numbers stay known; as values they are int64.
            if let numbers = context.numbers(node, 0), type == .int64 { return [ImportedValue(numbers)] }
            return [ImportedValue(try cast(context.value(node, 0), to: type, node, &context))]
        },
    ]

    private static func unary(_ name: String) -> Rule {
        { (node, context, _) throws(FrontendError) in
            [ImportedValue(try context.append(name, [context.value(node, 0)], for: node))]
        }
    }

    private static func pair(_ name: String) -> Rule {
        { (node, context, _) throws(FrontendError) in
            guard node.inputs.count == 2 else {
                throw FrontendError.unsupportedNode(node, "takes two operands here, not \(node.inputs.count)")
            }
            let x = try context.value(node, 0)
            var y = try context.value(node, 1)
            // ONNX lets the exponent of Pow have a type of its own.
            if name == "pow" { y = try cast(y, to: context.type(x).elementType, node, &context) }
            return [ImportedValue(try context.append(name, [x, y], for: node))]
        }
    }

    static func cast(_ value: ValueID, to type: ElementType, _ node: Node, _ context: inout ImportContext)
        throws(FrontendError) -> ValueID
    {
        if context.type(value).elementType == type { return value }
        return try context.append("cast", [value], ["to": .elementType(type)], for: node)
    }

    // MARK: Arithmetic, on values and on known numbers

    private static let arithmetic: [String: Rule] = [
        "Add": binary("add") { $0 + $1 },
        "Sub": binary("sub") { $0 - $1 },
        "Mul": binary("mul") { $0.multiplied(by: $1) },
        "Div": binary("div") { x, y in y.fixed.flatMap { x.divided(by: $0) } },
    ]

    private static func binary(_ name: String, _ numbers: @escaping @Sendable (Extent, Extent) -> Extent?) -> Rule {
        { (node, context, _) throws(FrontendError) in
            if let known = ImportedValue.Numbers.combined(context.numbers(node, 0), context.numbers(node, 1), numbers) {
                return [ImportedValue(known)]
            }
            let operands = [try context.value(node, 0), try context.value(node, 1)]
            return [ImportedValue(try context.append(name, operands, for: node))]
        }
    }

    // MARK: Linear algebra

    private static let linearAlgebra: [String: Rule] = [
        "MatMul": { (node, context, _) throws(FrontendError) in
            let operands = [try context.value(node, 0), try context.value(node, 1)]
            return [ImportedValue(try context.append("matmul", operands, for: node))]
        },
        "Gemm": { (node, context, _) throws(FrontendError) in
            guard (node.float("alpha") ?? 1) == 1, (node.float("beta") ?? 1) == 1 else {
                throw FrontendError.unsupportedNode(node, "alpha and beta other than 1 are not supported")
            }
            var operands = [try context.value(node, 0), try context.value(node, 1)]
            for (position, name) in ["transA", "transB"].enumerated() where node.integer(name) == 1 {
                operands[position] = try context.append(
                    "transpose",
                    [operands[position]],
                    ["permutation": .integers([1, 0])],
                    for: node
                )
            }
            let product = try context.append("matmul", operands, for: node)
            guard context.hasOperand(node, 2) else { return [ImportedValue(product)] }
            return [ImportedValue(try context.append("add", [product, context.value(node, 2)], for: node))]
        },
        "Softmax": { (node, context, opset) throws(FrontendError) in
            guard opset >= 13 else {
                throw FrontendError.unsupportedNode(node, "opset \(opset) is too old; use 13 or newer")
            }
            let axis = node.integer("axis") ?? -1
            return [
                ImportedValue(
                    try context.append("softmax", [context.value(node, 0)], ["axis": .integer(axis)], for: node)
                )
            ]
        },
    ]

    // MARK: Reductions

    private static let reductions: [String: Rule] = [
        "ReduceSum": reduction("reduce_sum"), "ReduceMean": reduction("reduce_mean"),
        "ReduceMax": reduction("reduce_max"),
        "CumSum": { (node, context, _) throws(FrontendError) in
            guard (node.integer("exclusive") ?? 0) == 0, (node.integer("reverse") ?? 0) == 0,
                let axis = try context.requiredIntegers(node, 1, "the axis").first
            else { throw FrontendError.unsupportedNode(node, "exclusive and reversed sums are not supported") }
            let x = try context.value(node, 0)
            return [ImportedValue(try context.append("cumulative_sum", [x], ["axis": .integer(axis)], for: node))]
        },
    ]

    private static func reduction(_ name: String) -> Rule {
        { (node, context, _) throws(FrontendError) in
            let x = try context.value(node, 0)
            let axes = try axes(node, &context) ?? Array(0..<context.type(x).rank)
            let keep = (node.integer("keepdims") ?? 1) != 0
            return [
                ImportedValue(
                    try context.append(name, [x], ["axes": .integers(axes), "keep": .bool(keep)], for: node)
                )
            ]
        }
    }

    /// The axes of a node: an attribute in older opsets, the second operand in newer ones.
    static func axes(_ node: Node, _ context: inout ImportContext) throws(FrontendError) -> [Int]? {
        if let axes = node.integers("axes") { return axes }
        guard context.hasOperand(node, 1) else { return nil }
        return try context.requiredIntegers(node, 1, "the axes")
    }
}
