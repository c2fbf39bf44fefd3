import Tensors

extension OperationDefinition {
    /// Constants, and operations that move elements without changing them.
    static let shaping: [OperationDefinition] = [
        define(
            "constant",
            "The module's constant called `name`.",
            [],
            attributes: [attribute("name", .string)],
            constraints: ["the module has a constant of that name, and the result has its type"]
        ) { _, _ throws(ConstraintViolation) in
            // The type is the module's constant's, which the verifier compares.
            []
        },
        define(
            "extent",
            "The value of an extent, such as `past+sequence`, as an i64 scalar.",
            [],
            attributes: [attribute("value", .extents)],
            constraints: ["value is one extent"]
        ) { _, operation throws(ConstraintViolation) in
            try require(operation.extents("value")?.count == 1, 1)
            return [ValueType(.int64, [])]
        },
        define(
            "iota",
            "0, 1, 2, ... as many as `length` says, as i64.",
            [],
            attributes: [attribute("length", .extents)],
            constraints: ["length is one extent, not negative"]
        ) { _, operation throws(ConstraintViolation) in
            guard let length = operation.extents("length"), length.count == 1, length[0].fixed ?? 0 >= 0 else {
                throw ConstraintViolation(1)
            }
            return [ValueType(.int64, length)]
        },
        define(
            "reshape",
            "The elements of x in the same order under another shape.",
            ["x"],
            attributes: [attribute("shape", .extents)],
            constraints: ["the new shape has as many elements as x"]
        ) { operands, operation throws(ConstraintViolation) in
            let shape = operation.extents("shape") ?? []
            try require(sameElementCount(operands[0].extents, shape), 1)
            return [ValueType(operands[0].elementType, shape)]
        },
        define(
            "broadcast_to",
            "x repeated along axes of length 1 (and new leading axes) to `shape`.",
            ["x"],
            attributes: [attribute("shape", .extents)],
            constraints: ["x broadcasts to the shape and the shape is not changed by x"]
        ) { operands, operation throws(ConstraintViolation) in
            let shape = operation.extents("shape") ?? []
            try require(broadcast(operands[0].extents, shape) == shape, 1)
            return [ValueType(operands[0].elementType, shape)]
        },
        define(
            "transpose",
            "x with its axes in the order of `permutation`: axis i of the result is axis permutation[i] of x.",
            ["x"],
            attributes: [attribute("permutation", .integers)],
            constraints: ["permutation names each axis of x once"]
        ) { operands, operation throws(ConstraintViolation) in
            let permutation = operation.integers("permutation") ?? []
            try require(permutation.sorted() == Array(0..<operands[0].rank), 1)
            return [ValueType(operands[0].elementType, permutation.map { operands[0].extents[$0] })]
        },
        define(
            "slice",
            "The elements of x from `start` up to `end` along `axis`.",
            ["x"],
            attributes: [attribute("axis", .integer), attribute("start", .extents), attribute("end", .extents)],
            constraints: [
                "axis is one of x", "start and end are one extent each, not negative, not past the axis, in order",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            let x = operands[0]
            guard let axis = normalizedAxis(operation.integer("axis") ?? 0, rank: x.rank) else {
                throw ConstraintViolation(1)
            }
            guard let start = operation.extents("start"), let end = operation.extents("end"), start.count == 1,
                end.count == 1
            else { throw ConstraintViolation(2) }
            for length in [start[0], end[0] - start[0], x.extents[axis] - end[0]] {
                if let fixed = length.fixed {
                    try require(fixed >= 0, 2, "\(start[0])..<\(end[0]) of \(x.extents[axis])")
                }
            }
            var extents = x.extents
            extents[axis] = end[0] - start[0]
            return [ValueType(x.elementType, extents)]
        },
        define(
            "concat",
            "The operands one after the other along `axis`.",
            ["x"],
            variadic: true,
            attributes: [attribute("axis", .integer)],
            constraints: ["axis is one of each operand", "the operands agree in element type and all other axes"]
        ) { operands, operation throws(ConstraintViolation) in
            guard let axis = normalizedAxis(operation.integer("axis") ?? 0, rank: operands[0].rank) else {
                throw ConstraintViolation(1)
            }
            var result = operands[0]
            for operand in operands.dropFirst() {
                try require(operand.rank == result.rank && operand.elementType == result.elementType, 2)
                for other in 0..<result.rank where other != axis {
                    try require(operand.extents[other] == result.extents[other], 2)
                }
                result.extents[axis] = result.extents[axis] + operand.extents[axis]
            }
            return [result]
        },
        define(
            "gather",
            "The slices of x along `axis` that indices name, in place of that axis; an index below 0 counts from the end, and others outside the axis are refused.",
            ["x", "indices"],
            attributes: [attribute("axis", .integer)],
            constraints: ["indices is i32 or i64", "axis is one of x"]
        ) { operands, operation throws(ConstraintViolation) in
            try require([.int32, .int64].contains(operands[1].elementType), 1)
            guard let axis = normalizedAxis(operation.integer("axis") ?? 0, rank: operands[0].rank) else {
                throw ConstraintViolation(2)
            }
            var extents = operands[0].extents
            extents.replaceSubrange(axis...axis, with: operands[1].extents)
            return [ValueType(operands[0].elementType, extents)]
        },
        define(
            "gather_nd",
            "The elements of x that the vectors in the last axis of indices name, one index per axis of x from the first on, or the slices where they name fewer axes than x has; an index below 0 counts from the end, and others outside the axis are refused.",
            ["x", "indices"],
            constraints: [
                "indices is i32 or i64", "the last axis of indices has a fixed length from 1 to the rank of x",
            ]
        ) { operands, _ throws(ConstraintViolation) in
            let (x, indices) = (operands[0], operands[1])
            try require([.int32, .int64].contains(indices.elementType), 1)
            guard let named = indices.extents.last?.fixed, named >= 1, named <= x.rank else {
                throw ConstraintViolation(2)
            }
            return [ValueType(x.elementType, Array(indices.extents.dropLast() + x.extents[named...]))]
        },
    ]

    /// Whether two shapes hold the same number of elements, whatever the symbols stand for.
    ///
    /// Factors that stand in both are struck out first, since a product of two symbols is no extent.
    package static func sameElementCount(_ left: [Extent], _ right: [Extent]) -> Bool {
        var rest = right
        var unmatched: [Extent] = []
        for extent in left {
            if let index = rest.firstIndex(of: extent) { rest.remove(at: index) } else { unmatched.append(extent) }
        }
        let one: Extent? = 1
        guard let leftProduct = unmatched.reduce(one, { $0?.multiplied(by: $1) }),
            let rightProduct = rest.reduce(one, { $0?.multiplied(by: $1) })
        else { return false }
        return leftProduct == rightProduct
    }
}
