import Tensors

extension OperationDefinition {
    /// Products with weights in few bits, and their packed forms.
    static let quantization: [OperationDefinition] = [
        define(
            "quantized_linear",
            "linear with weights in 8 bits. Each row of x is quantised group by group, q = round(x / s) with s = largest magnitude / 127, ties to even; below 2^-120 all are 0. Products of q and weight are summed exactly in a group, multiplied by s and the weight's scale, and added up in the order of groups; then bias is added. The result is of element type `to`, f32 where left out.",
            ["x", "weight", "scales", "bias"],
            required: 3,
            attributes: [attribute("group", .integer), resultType],
            constraints: [
                "x is f32 or f16 and has at least one axis", "weight is i8 [out, in], in the last axis of x",
                "scales is f16 or f32 [out, groups], a group having `group` inputs and the last what is left",
                "bias, if given, is a floating-point vector [out]", "to is f32 or f16",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            let (x, weight) = (operands[0], operands[1])
            try require(isActivation(x) && x.rank >= 1, 1)
            try require(weight.elementType == .int8 && weight.rank == 2, 2)
            try require(x.extents[x.rank - 1] == weight.extents[1], 2)
            try requireScales(operands[2], of: weight, [.float16, .float32], operation)
            if operands.count > 3 {
                try require(operands[3].elementType.isFloatingPoint && operands[3].extents == [weight.extents[0]], 4)
            }
            return [ValueType(try resultType(operation, 5), x.extents.dropLast() + [weight.extents[0]])]
        },
        define(
            "quantized_embedding",
            "The rows of table that ids name, times their scales, as f32; an id outside the table is refused.",
            ["ids", "table", "scales"],
            attributes: [attribute("group", .integer)],
            constraints: [
                "ids is i32", "table is i8 [vocabulary, width]",
                "scales is f16 [vocabulary, groups], a group having `group` columns and the last what is left",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            try require(operands[0].elementType == .int32, 1)
            try require(operands[1].elementType == .int8 && operands[1].rank == 2, 2)
            try requireScales(operands[2], of: operands[1], [.float16], operation)
            return [ValueType(.float32, operands[0].extents + [operands[1].extents[1]])]
        },
        define(
            "packed_linear",
            "quantized_linear with weights in panels of `packing` int8 or int4, or linear with those of bf16, of `features` output features. For bf16 x may be rounded to bf16.",
            ["x", "panels", "bias"],
            required: 2,
            attributes: packedAttributes,
            constraints: [
                "x is f32 and has at least one axis, the last fixed",
                "packing is int8, int4 or bf16, and group a multiple of 8 up to 1024",
                "panels is u8 of the size that the packing gives",
                "bias, if given, is a floating-point vector [features]",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            let x = operands[0]
            let layout = try requireLayout(operation, x: x, featuresPerResult: 1)
            try require(operands[1] == ValueType(layout.type), 3, "\(layout.type)")
            if operands.count > 2 {
                try require(operands[2].elementType.isFloatingPoint, 4)
                try require(operands[2].extents == [Extent(layout.features)], 4)
            }
            return [ValueType(.float32, x.extents.dropLast() + [Extent(layout.features)])]
        },
        define(
            "packed_swiglu",
            "swiglu of a packed_linear of `features` gates and as many ups, whose panels hold 16 of gate and then the 16 of up that belong to them.",
            ["x", "panels"],
            attributes: packedAttributes,
            constraints: [
                "x is f32 and has at least one axis, the last fixed",
                "packing is int8, int4 or bf16, and group a multiple of 8 up to 1024",
                "panels is u8 of the size that the packing gives",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            let x = operands[0]
            let layout = try requireLayout(operation, x: x, featuresPerResult: 2)
            try require(operands[1] == ValueType(layout.type), 3, "\(layout.type)")
            return [ValueType(.float32, x.extents.dropLast() + [Extent(operation.integer("features") ?? 0)])]
        },
        define(
            "packed_embedding",
            "The `features` rows of a packed table of `width` columns that ids name, as f32; an id outside it is refused.",
            ["ids", "panels"],
            attributes: packedAttributes + [attribute("width", .integer)],
            constraints: [
                "ids is i32", "packing is int8, int4 or bf16, and group a multiple of 8 up to 1024",
                "panels is u8 of the size that the packing gives",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            try require(operands[0].elementType == .int32, 1)
            guard let layout = PackedLayout(operation, inputs: operation.integer("width") ?? 0) else {
                throw ConstraintViolation(2)
            }
            try require(operands[1] == ValueType(layout.type), 3, "\(layout.type)")
            return [ValueType(.float32, operands[0].extents + [Extent(layout.inputs)])]
        },
    ]

    private static let packedAttributes = [
        attribute("packing", .string), attribute("features", .integer), attribute("group", .integer),
    ]

    private static func requireScales(
        _ scales: ValueType,
        of weight: ValueType,
        _ types: [ElementType],
        _ operation: Operation
    ) throws(ConstraintViolation) {
        guard let group = operation.integer("group"), group > 0, let inputs = weight.extents[1].fixed else {
            throw ConstraintViolation(3)
        }
        let groups = inputs / group + (inputs % group > 0 ? 1 : 0)
        try require(types.contains(scales.elementType), 3)
        try require(scales.extents == [weight.extents[0], Extent(groups)], 3)
    }

    private static func requireLayout(_ operation: Operation, x: ValueType, featuresPerResult: Int)
        throws(ConstraintViolation) -> PackedLayout
    {
        guard x.elementType == .float32, let inputs = x.extents.last?.fixed else { throw ConstraintViolation(1) }
        guard let layout = PackedLayout(operation, inputs: inputs, featuresPerResult: featuresPerResult) else {
            throw ConstraintViolation(2)
        }
        return layout
    }
}

extension PackedLayout {
    /// The layout that a packed operation's attributes describe; with two features for each result, the features of gate
    /// and up in whole panels.
    package init?(_ operation: Operation, inputs: Int, featuresPerResult: Int = 1) {
        self.init(operation.attributes, inputs: inputs, featuresPerResult: featuresPerResult)
    }

    package init?(_ attributes: [String: Attribute], inputs: Int, featuresPerResult: Int = 1) {
        guard case .string(let name) = attributes["packing"], let packing = Packing(rawValue: name),
            case .integer(let features) = attributes["features"], case .integer(let group) = attributes["group"],
            (1...1 << 32).contains(features)
        else { return nil }
        let half = Self.panelFeatures / 2
        self.init(
            packing,
            features: featuresPerResult == 1 ? features : (features + half - 1) / half * Self.panelFeatures,
            inputs: inputs,
            group: group
        )
    }
}
