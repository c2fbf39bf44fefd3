import DeviceRuntime
import Tensors
import XIR

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Interpreter {
    static let normalization: [String: Semantics] = [
        "reduce_sum": { (e) throws(DeviceError) in
            try reduce(e, { $0.reduce(0, +) }, { $0.reduce(0, &+) })
        },
        "reduce_mean": { (e) throws(DeviceError) in
            try reduce(
                e,
                { $0.reduce(0, +) / Double($0.count) },
                { $0.isEmpty ? 0 : $0.reduce(0, &+) / $0.count }
            )
        },
        "reduce_max": { (e) throws(DeviceError) in
            try reduce(
                e,
                { $0.contains(where: \.isNaN) ? .nan : $0.max() ?? -.infinity },
                { $0.max() ?? smallest(e.types[0].elementType) }
            )
        },
        "cumulative_sum": { (e) throws(DeviceError) in
            let axis = try e.axis()
            // The element before one along the axis stands a stride before it.
            let (stride, length) = (e.types[0].shape.strides[axis], e.types[0].shape[axis])
            func sums<Number>(_ x: [Number], _ add: (Number, Number) -> Number) -> [Number] {
                var sums = x
                for index in sums.indices where index / stride % length > 0 {
                    sums[index] = add(sums[index - stride], sums[index])
                }
                return sums
            }
            guard e.types[0].elementType.isFloatingPoint else {
                return [Tensor(wrapping: sums(try e.integers(0), &+), to: e.types[0])]
            }
            let doubles = sums(e.operands[0].floats.map(Double.init), +)
            return [Tensor(rounding: doubles.map { Float($0) }, to: e.types[0])]
        },
        "softmax": { (e) throws(DeviceError) in
            let axis = try e.axis()
            let shape = e.types[0].shape
            let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
            let length = shape[axis]
            let x = e.operands[0].floats
            var result = [Float](repeating: 0, count: x.count)
            for line in 0..<(length == 0 ? 0 : x.count / length) {
                let start = line / inner * inner * length + line % inner
                let weights = softmax((0..<length).map { Double(x[start + $0 * inner]) })
                for (index, weight) in weights.enumerated() { result[start + index * inner] = Float(weight) }
            }
            return [Tensor(rounding: result, to: e.types[0])]
        },
        "rms_norm": { (e) throws(DeviceError) in
            [rmsNorm(e.operands[0].floats, e.operands[1].floats, e.float("epsilon"), e.types[0])]
        },
        "add_rms_norm": { (e) throws(DeviceError) in
            let sums = zip(e.operands[0].floats, e.operands[1].floats).map { $0 + $1 }
            return [
                Tensor(rounding: sums, to: e.types[0]),
                rmsNorm(sums, e.operands[2].floats, e.float("epsilon"), e.types[1]),
            ]
        },
    ]

    /// e^x divided by its sum.
    static func softmax(_ scores: [Double]) -> [Double] {
        let largest = scores.max() ?? 0
        let exponentials = scores.map { exp($0 - largest) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// Each row of `x` divided by its root mean square and multiplied by `weight`.
    static func rmsNormalized(_ x: [Float], _ weight: [Float], _ epsilon: Double) -> [Float] {
        let width = weight.count
        var result = [Float](repeating: 0, count: x.count)
        for start in stride(from: 0, to: x.count, by: max(width, 1)) {
            let row = x[start..<start + width]
            let meanSquare = row.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(width)
            let scale = 1 / (meanSquare + epsilon).squareRoot()
            for column in 0..<width {
                result[start + column] = Float(Double(x[start + column]) * scale * Double(weight[column]))
            }
        }
        return result
    }

    private static func rmsNorm(_ x: [Float], _ weight: [Float], _ epsilon: Double, _ type: TensorType) -> Tensor {
        Tensor(rounding: rmsNormalized(x, weight, epsilon), to: type)
    }

    private static func reduce(
        _ e: Evaluation,
        _ float: ([Double]) -> Double,
        _ integer: ([Int]) -> Int
    ) throws(DeviceError) -> [Tensor] {
        let shape = e.operands[0].shape
        let axes = Set((e.operation.integers("axes") ?? []).map { $0 < 0 ? $0 + shape.rank : $0 })
        let strides = shape.strides
        let kept = (0..<shape.rank).filter { !axes.contains($0) }
        let reduced = axes.sorted()
        let starts = indices(of: Shape(kept.map { shape[$0] }), strides: kept.map { strides[$0] })
        let steps = indices(of: Shape(reduced.map { shape[$0] }), strides: reduced.map { strides[$0] })
        guard e.types[0].elementType.isFloatingPoint else {
            let x = try e.integers(0)
            let values = starts.map { start in integer(steps.map { x[start + $0] }) }
            return [Tensor(wrapping: values, to: e.types[0])]
        }
        let x = e.operands[0].floats
        let values = starts.map { start in Float(float(steps.map { Double(x[start + $0]) })) }
        return [Tensor(rounding: values, to: e.types[0])]
    }

    /// The smallest number of an integer type: the maximum of no numbers.
    private static func smallest(_ type: ElementType) -> Int {
        switch type {
        case .int8: Int(Int8.min)
        case .int32: Int(Int32.min)
        case .uint8, .bool: 0
        case .int64, .float32, .float16, .bfloat16: .min
        }
    }
}
