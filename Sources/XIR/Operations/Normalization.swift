import Tensors

extension OperationDefinition {
    /// Reductions, softmax and the normalisations made of them.
    static let normalization: [OperationDefinition] = [
        reduction("reduce_sum", "The sum", "; integers wrap around"),
        reduction("reduce_mean", "The mean", "; integers are divided towards zero"),
        reduction("reduce_max", "The maximum", ", NaN when an element is NaN; of no elements, the lowest number"),
        define(
            "cumulative_sum",
            "The sum of x along `axis` up to and including each element; integers wrap around.",
            ["x"],
            attributes: [attribute("axis", .integer)],
            constraints: ["x is not bool", "axis is one of x"]
        ) { operands, operation throws(ConstraintViolation) in
            try require(operands[0].elementType != .bool, 1)
            try require(normalizedAxis(operation.integer("axis") ?? 0, rank: operands[0].rank) != nil, 2)
            return operands
        },
        define(
            "softmax",
            "e^x divided by its sum along `axis`, computed with the maximum subtracted first.",
            ["x"],
            attributes: [attribute("axis", .integer)],
            constraints: ["x is floating-point", "axis is one of x"]
        ) { operands, operation throws(ConstraintViolation) in
            try require(operands[0].elementType.isFloatingPoint, 1)
            try require(normalizedAxis(operation.integer("axis") ?? 0, rank: operands[0].rank) != nil, 2)
            return operands
        },
        define(
            "rms_norm",
            "x / sqrt(mean(x^2) + epsilon) * weight over the last axis.",
            ["x", "weight"],
            attributes: [attribute("epsilon", .float)],
            constraints: ["x is f32 or f16", "weight is a floating-point vector as long as the last axis of x"]
        ) { operands, _ throws(ConstraintViolation) in
            try checkNormalized(operands[0], weight: operands[1])
            return [operands[0]]
        },
        define(
            "add_rms_norm",
            "The sum x + residual, and its rms_norm.",
            ["x", "residual", "weight"],
            attributes: [attribute("epsilon", .float)],
            constraints: [
                "x is f32 or f16", "weight is a floating-point vector as long as the last axis of x",
                "x and residual have the same type",
            ]
        ) { operands, _ throws(ConstraintViolation) in
            try checkNormalized(operands[0], weight: operands[2])
            try require(operands[0] == operands[1], 3)
            return [operands[0], operands[0]]
        },
    ]

    private static func reduction(_ name: String, _ what: String, _ details: String) -> OperationDefinition {
        define(
            name,
            "\(what) over `axes`, which stay as axes of length 1 when `keep` is true and go otherwise\(details).",
            ["x"],
            attributes: [attribute("axes", .integers), attribute("keep", .bool)],
            constraints: ["x is not bool", "axes are different axes of x"]
        ) { operands, operation throws(ConstraintViolation) in
            let x = operands[0]
            try require(x.elementType != .bool, 1)
            let axes = (operation.integers("axes") ?? []).map { normalizedAxis($0, rank: x.rank) }
            try require(!axes.contains(nil) && Set(axes).count == axes.count, 2)
            let keep = operation.bool("keep") ?? true
            var extents: [Extent] = []
            for (axis, extent) in x.extents.enumerated() {
                if !axes.contains(axis) { extents.append(extent) } else if keep { extents.append(1) }
            }
            return [ValueType(x.elementType, extents)]
        }
    }

    private static func checkNormalized(_ x: ValueType, weight: ValueType) throws(ConstraintViolation) {
        try require(isActivation(x) && x.rank >= 1, 1)
        try require(weight.elementType.isFloatingPoint && weight.extents == [x.extents[x.rank - 1]], 2)
    }
}
