import Tensors

extension OperationDefinition {
    /// Matrix products, and the look-up of rows.
    static let linearAlgebra: [OperationDefinition] = [
        define(
            "matmul",
            "The matrix product over the last two axes; the axes before them broadcast.",
            ["x", "y"],
            constraints: [
                "x and y have the same floating-point element type", "both have at least two axes",
                "the last axis of x equals the second last of y", "the leading axes broadcast",
            ]
        ) { operands, _ throws(ConstraintViolation) in
            let (x, y) = (operands[0], operands[1])
            try require(x.elementType == y.elementType && x.elementType.isFloatingPoint, 1)
            try require(x.rank >= 2 && y.rank >= 2, 2)
            try require(x.extents[x.rank - 1] == y.extents[y.rank - 2], 3)
            guard let leading = broadcast(Array(x.extents.dropLast(2)), Array(y.extents.dropLast(2))) else {
                throw ConstraintViolation(4)
            }
            return [ValueType(x.elementType, leading + [x.extents[x.rank - 2], y.extents[y.rank - 1]])]
        },
        define(
            "linear",
            "x times the transpose of weight, plus bias: the row of output features for each row of x, summed in float32 and given as `to`, f32 where left out.",
            ["x", "weight", "bias"],
            required: 2,
            attributes: [resultType],
            constraints: [
                "x is f32 or f16 and has at least one axis", "weight is a floating-point matrix [out, in]",
                "in is the last axis of x", "bias, if given, is a floating-point vector [out]", "to is f32 or f16",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            let (x, weight) = (operands[0], operands[1])
            try require(isActivation(x) && x.rank >= 1, 1)
            try require(weight.elementType.isFloatingPoint && weight.rank == 2, 2)
            try require(x.extents[x.rank - 1] == weight.extents[1], 3)
            if operands.count > 2 {
                try require(operands[2].elementType.isFloatingPoint && operands[2].extents == [weight.extents[0]], 4)
            }
            return [ValueType(try resultType(operation, 5), x.extents.dropLast() + [weight.extents[0]])]
        },
        define(
            "embedding",
            "The rows of table that ids name, as `to`, f32 where left out; an id outside the table is refused.",
            ["ids", "table"],
            attributes: [resultType],
            constraints: [
                "ids is i32 or i64", "table is a floating-point matrix [vocabulary, width]", "to is f32 or f16",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            try require([.int32, .int64].contains(operands[0].elementType), 1)
            try require(operands[1].elementType.isFloatingPoint && operands[1].rank == 2, 2)
            return [ValueType(try resultType(operation, 3), operands[0].extents + [operands[1].extents[1]])]
        },
        define(
            "swiglu",
            "silu(gate) * up, where gate and up are the two halves of x's last axis, or x and the second operand.",
            ["x", "up"],
            required: 1,
            constraints: [
                "x is f32 or f16", "without up, the last axis of x is even; with it, both have the same type",
            ]
        ) { operands, _ throws(ConstraintViolation) in
            let x = operands[0]
            try require(isActivation(x) && x.rank >= 1, 1)
            if operands.count == 2 {
                try require(operands[1] == x, 2)
                return [x]
            }
            guard let half = x.extents[x.rank - 1].divided(by: 2) else { throw ConstraintViolation(2) }
            return [ValueType(x.elementType, x.extents.dropLast() + [half])]
        },
    ]

    /// The attribute that names the element type of a product or a look-up.
    static let resultType = attribute("to", .elementType, required: false)

    /// Whether a value is of an element type in which the larger operations compute.
    static func isActivation(_ type: ValueType) -> Bool { [.float32, .float16].contains(type.elementType) }

    /// The element type that `to` names: f32 where it is left out.
    static func resultType(_ operation: Operation, _ constraint: Int) throws(ConstraintViolation) -> ElementType {
        guard case .elementType(let type) = operation.attributes["to"] else { return .float32 }
        try require([.float32, .float16].contains(type), constraint)
        return type
    }
}
