import Tensors

extension OperationDefinition {
    /// Operations on elements, with numpy's broadcasting where there are two operands.
    static let elementwise: [OperationDefinition] =
        [
            unary("neg", "-x", floatingOnly: false),
            unary("abs", "|x|", floatingOnly: false),
            unary("exp", "e to the power of x"),
            unary("log", "the natural logarithm of x"),
            unary("sqrt", "the square root of x"),
            unary("rsqrt", "1 / sqrt(x)"),
            unary("reciprocal", "1 / x"),
            unary("cos", "the cosine of x radians"),
            unary("sin", "the sine of x radians"),
            unary("tanh", "the hyperbolic tangent of x"),
            unary("erf", "the error function of x"),
            unary("sigmoid", "1 / (1 + e^-x)"),
            unary("silu", "x * sigmoid(x)"),
            define(
                "not",
                "True where x is false.",
                ["x"],
                constraints: ["x is bool"]
            ) { operands, _ throws(ConstraintViolation) in
                try require(operands[0].elementType == .bool, 1)
                return operands
            },
            define(
                "cast",
                "x converted to element type `to`: to nearest, ties to even, where the result is floating-point; from floating-point to integers towards zero and into their range, with NaN as 0; between integers keeping the low bits; non-zero to true.",
                ["x"],
                attributes: [attribute("to", .elementType)],
                constraints: []
            ) { operands, operation throws(ConstraintViolation) in
                guard case .elementType(let type) = operation.attributes["to"] else { return operands }
                return [ValueType(type, operands[0].extents)]
            },
        ]
        + [
            ("add", "x + y", true), ("sub", "x - y", false), ("mul", "x * y", true), ("div", "x / y", false),
            ("pow", "x to the power of y", false), ("min", "the smaller of x and y (NaN when one is NaN)", true),
            ("max", "the larger of x and y (NaN when one is NaN)", true),
        ].map { binary($0.0, $0.1, commutative: $0.2) }
        + [
            ("equal", "x = y", true), ("less", "x < y", false), ("less_equal", "x <= y", false),
            ("greater", "x > y", false), ("greater_equal", "x >= y", false),
        ].map { comparison($0.0, $0.1, commutative: $0.2) }
        + [logical("and", "x and y"), logical("or", "x or y"), select]

    private static func unary(_ name: String, _ meaning: String, floatingOnly: Bool = true) -> OperationDefinition {
        define(
            name,
            "\(meaning), element by element.",
            ["x"],
            constraints: [floatingOnly ? "x is floating-point" : "x is not bool"]
        ) { operands, _ throws(ConstraintViolation) in
            try require(floatingOnly ? operands[0].elementType.isFloatingPoint : operands[0].elementType != .bool, 1)
            return operands
        }
    }

    private static func binary(_ name: String, _ meaning: String, commutative: Bool) -> OperationDefinition {
        define(
            name,
            "\(meaning), element by element; integers wrap around, and integer division cuts towards zero (0 when y is 0).",
            ["x", "y"],
            constraints: ["x and y have the same element type, which is not bool", "the shapes broadcast"],
            commutative: commutative
        ) { operands, _ throws(ConstraintViolation) in
            try require(operands[0].elementType == operands[1].elementType && operands[0].elementType != .bool, 1)
            return [ValueType(operands[0].elementType, try broadcast(operands[0], operands[1], 2))]
        }
    }

    private static func comparison(_ name: String, _ meaning: String, commutative: Bool) -> OperationDefinition {
        define(
            name,
            "True where \(meaning).",
            ["x", "y"],
            constraints: ["x and y have the same element type", "the shapes broadcast"],
            commutative: commutative
        ) { operands, _ throws(ConstraintViolation) in
            try require(operands[0].elementType == operands[1].elementType, 1)
            return [ValueType(.bool, try broadcast(operands[0], operands[1], 2))]
        }
    }

    private static func logical(_ name: String, _ meaning: String) -> OperationDefinition {
        define(
            name,
            "True where \(meaning).",
            ["x", "y"],
            constraints: ["x and y are bool", "the shapes broadcast"],
            commutative: true
        ) { operands, _ throws(ConstraintViolation) in
            try require(operands[0].elementType == .bool && operands[1].elementType == .bool, 1)
            return [ValueType(.bool, try broadcast(operands[0], operands[1], 2))]
        }
    }

    private static let select = define(
        "where",
        "x where the condition is true, y elsewhere.",
        ["condition", "x", "y"],
        constraints: ["condition is bool", "x and y have the same element type", "the shapes broadcast"]
    ) { operands, _ throws(ConstraintViolation) in
        try require(operands[0].elementType == .bool, 1)
        try require(operands[1].elementType == operands[2].elementType, 2)
        let values = ValueType(operands[1].elementType, try broadcast(operands[1], operands[2], 3))
        return [ValueType(values.elementType, try broadcast(operands[0], values, 3))]
    }

    private static func broadcast(_ left: ValueType, _ right: ValueType, _ constraint: Int)
        throws(ConstraintViolation) -> [Extent]
    {
        guard let extents = broadcast(left.extents, right.extents) else { throw ConstraintViolation(constraint) }
        return extents
    }
}
