import DeviceRuntime
import Tensors
import XIR

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Interpreter {
    static let elementwise: [String: Semantics] = [
        "neg": { (e) throws(DeviceError) in
            e.operands[0].elementType.isFloatingPoint ? floats(e) { -$0 } : try integers(e) { 0 &- $0 }
        },
        "abs": { (e) throws(DeviceError) in
            e.operands[0].elementType.isFloatingPoint
                ? floats(e) { $0.magnitude } : try integers(e) { $0 < 0 ? 0 &- $0 : $0 }
        },
        "exp": { (e) throws(DeviceError) in floats(e) { exp($0) } },
        "log": { (e) throws(DeviceError) in floats(e) { log($0) } },
        "sqrt": { (e) throws(DeviceError) in floats(e) { $0.squareRoot() } },
        "rsqrt": { (e) throws(DeviceError) in floats(e) { 1 / $0.squareRoot() } },
        "reciprocal": { (e) throws(DeviceError) in floats(e) { 1 / $0 } },
        "cos": { (e) throws(DeviceError) in floats(e) { cos($0) } },
        "sin": { (e) throws(DeviceError) in floats(e) { sin($0) } },
        "tanh": { (e) throws(DeviceError) in floats(e) { tanh($0) } },
        "erf": { (e) throws(DeviceError) in floats(e) { erf($0) } },
        "sigmoid": { (e) throws(DeviceError) in floats(e) { 1 / (1 + exp(-$0)) } },
        "silu": { (e) throws(DeviceError) in floats(e) { $0 / (1 + exp(-$0)) } },
        "not": { (e) throws(DeviceError) in try integers(e) { $0 == 0 ? 1 : 0 } },
        "cast": { (e) throws(DeviceError) in
            if !e.operands[0].elementType.isFloatingPoint, let values = e.operands[0].integers {
                return [Tensor(wrapping: values, to: e.types[0])]
            }
            return [Tensor(rounding: e.operands[0].floats, to: e.types[0])]
        },
        "add": { (e) throws(DeviceError) in try arithmetic(e, { $0 + $1 }, { $0 &+ $1 }) },
        "sub": { (e) throws(DeviceError) in try arithmetic(e, { $0 - $1 }, { $0 &- $1 }) },
        "mul": { (e) throws(DeviceError) in try arithmetic(e, { $0 * $1 }, { $0 &* $1 }) },
        "div": { (e) throws(DeviceError) in
            try arithmetic(e, { $0 / $1 }, { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue })
        },
        "pow": { (e) throws(DeviceError) in try arithmetic(e, { pow($0, $1) }, power) },
        "min": { (e) throws(DeviceError) in
            try arithmetic(e, { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }, { Swift.min($0, $1) })
        },
        "max": { (e) throws(DeviceError) in
            try arithmetic(e, { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }, { Swift.max($0, $1) })
        },
        "equal": { (e) throws(DeviceError) in try comparison(e, { $0 == $1 }, { $0 == $1 }) },
        "less": { (e) throws(DeviceError) in try comparison(e, { $0 < $1 }, { $0 < $1 }) },
        "less_equal": { (e) throws(DeviceError) in try comparison(e, { $0 <= $1 }, { $0 <= $1 }) },
        "greater": { (e) throws(DeviceError) in try comparison(e, { $0 > $1 }, { $0 > $1 }) },
        "greater_equal": { (e) throws(DeviceError) in try comparison(e, { $0 >= $1 }, { $0 >= $1 }) },
        "and": { (e) throws(DeviceError) in try logical(e) { $0 && $1 } },
        "or": { (e) throws(DeviceError) in try logical(e) { $0 || $1 } },
        "where": { (e) throws(DeviceError) in
            let shape = e.types[0].shape
            let condition = try e.integers(0)
            // For each element: the condition, and where x and y stand.
            let chosen = zip(
                broadcastIndices(e.operands[0].shape, to: shape).map { condition[$0] != 0 },
                zip(broadcastIndices(e.operands[1].shape, to: shape), broadcastIndices(e.operands[2].shape, to: shape))
            )
            guard e.types[0].elementType.isFloatingPoint else {
                let (x, y) = (try e.integers(1), try e.integers(2))
                return [Tensor(wrapping: chosen.map { $0.0 ? x[$0.1.0] : y[$0.1.1] }, to: e.types[0])]
            }
            let (x, y) = (e.operands[1].floats, e.operands[2].floats)
            return [Tensor(rounding: chosen.map { $0.0 ? x[$0.1.0] : y[$0.1.1] }, to: e.types[0])]
        },
    ]

    /// For each element of `shape`, the index of the element of a tensor of shape `from` that broadcasts to it.
    static func broadcastIndices(_ from: Shape, to shape: Shape) -> [Int] {
        if from == shape { return Array(0..<shape.elementCount) }
        let missing = shape.rank - from.rank
        let fromStrides = from.strides
        // A step along an axis that is repeated, or missing, stays at the same element.
        let strides = (0..<shape.rank).map { axis in
            axis < missing || from[axis - missing] == 1 ? 0 : fromStrides[axis - missing]
        }
        return indices(of: shape, strides: strides)
    }

    /// The offset of each element of `shape`, in row-major order, when a step along axis i is `strides[i]` elements.
    static func indices(of shape: Shape, strides: [Int], start: Int = 0) -> [Int] {
        var offsets = [start]
        for axis in 0..<shape.rank {
            var next: [Int] = []
            next.reserveCapacity(offsets.count * shape[axis])
            for offset in offsets {
                for step in 0..<shape[axis] { next.append(offset + step * strides[axis]) }
            }
            offsets = next
        }
        return offsets
    }

    private static func floats(_ e: Evaluation, _ function: (Double) -> Double) -> [Tensor] {
        [Tensor(rounding: e.operands[0].floats.map { Float(function(Double($0))) }, to: e.types[0])]
    }

    private static func integers(_ e: Evaluation, _ function: (Int) -> Int) throws(DeviceError) -> [Tensor] {
        [Tensor(wrapping: try e.integers(0).map(function), to: e.types[0])]
    }

    private static func arithmetic(
        _ e: Evaluation,
        _ float: (Double, Double) -> Double,
        _ integer: (Int, Int) -> Int
    ) throws(DeviceError) -> [Tensor] {
        let shape = e.types[0].shape
        let left = broadcastIndices(e.operands[0].shape, to: shape)
        let right = broadcastIndices(e.operands[1].shape, to: shape)
        guard e.types[0].elementType.isFloatingPoint else {
            let (x, y) = (try e.integers(0), try e.integers(1))
            return [Tensor(wrapping: zip(left, right).map { integer(x[$0], y[$1]) }, to: e.types[0])]
        }
        let (x, y) = (e.operands[0].floats, e.operands[1].floats)
        return [
            Tensor(rounding: zip(left, right).map { Float(float(Double(x[$0]), Double(y[$1]))) }, to: e.types[0])
        ]
    }

    private static func comparison(
        _ e: Evaluation,
        _ float: (Float, Float) -> Bool,
        _ integer: (Int, Int) -> Bool
    ) throws(DeviceError) -> [Tensor] {
        let shape = e.types[0].shape
        let left = broadcastIndices(e.operands[0].shape, to: shape)
        let right = broadcastIndices(e.operands[1].shape, to: shape)
        guard e.operands[0].elementType.isFloatingPoint else {
            let (x, y) = (try e.integers(0), try e.integers(1))
            return [Tensor(zip(left, right).map { integer(x[$0], y[$1]) }, shape)]
        }
        let (x, y) = (e.operands[0].floats, e.operands[1].floats)
        return [Tensor(zip(left, right).map { float(x[$0], y[$1]) }, shape)]
    }

    private static func logical(_ e: Evaluation, _ function: (Bool, Bool) -> Bool) throws(DeviceError) -> [Tensor] {
        let shape = e.types[0].shape
        let (x, y) = (try e.integers(0), try e.integers(1))
        let pairs = zip(
            broadcastIndices(e.operands[0].shape, to: shape),
            broadcastIndices(e.operands[1].shape, to: shape)
        )
        return [Tensor(pairs.map { function(x[$0] != 0, y[$1] != 0) }, shape)]
    }

    private static func power(_ base: Int, _ exponent: Int) -> Int {
        if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0 }
        var (result, factor, rest) = (1, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = result &* factor }
            factor = factor &* factor
            rest >>= 1
        }
        return result
    }
}
