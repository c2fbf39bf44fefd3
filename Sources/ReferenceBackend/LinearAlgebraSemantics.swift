import DeviceRuntime
import Tensors
import XIR

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Interpreter {
    static let linearAlgebra: [String: Semantics] = [
        "matmul": { (e) throws(DeviceError) in [matmul(e)] },
        "linear": { (e) throws(DeviceError) in [linear(e)] },
        "embedding": { (e) throws(DeviceError) in
            let (ids, table) = (try e.integers(0), e.operands[1])
            let (rows, width) = (table.shape[0], table.shape[1])
            let values = table.floats
            var result: [Float] = []
            for id in ids {
                guard (0..<rows).contains(id) else { throw e.failure("row \(id) of a table of \(rows)") }
                result += values[id * width..<(id + 1) * width]
            }
            return [Tensor(rounding: result, to: e.types[0])]
        },
        "swiglu": { (e) throws(DeviceError) in
            let width = e.types[0].shape.dimensions.last ?? 1
            let x = e.operands[0].floats
            let up = e.operands.count == 2 ? e.operands[1].floats : x
            let result = (0..<e.types[0].shape.elementCount).map { index -> Float in
                let (row, column) = (index / max(width, 1), index % max(width, 1))
                // With one operand a row is [gate | up].
                let gateIndex = e.operands.count == 2 ? index : row * 2 * width + column
                let upIndex = e.operands.count == 2 ? index : gateIndex + width
                let gate = Double(x[gateIndex])
                return Float(gate / (1 + exp(-gate)) * Double(up[upIndex]))
            }
            return [Tensor(rounding: result, to: e.types[0])]
        },
    ]

    private static func matmul(_ e: Evaluation) -> Tensor {
        let (x, y) = (e.operands[0], e.operands[1])
        let shape = e.types[0].shape
        let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
        let inner = x.shape[x.shape.rank - 1]
        let leading = Shape(Array(shape.dimensions.dropLast(2)))
        let xStarts = broadcastIndices(Shape(Array(x.shape.dimensions.dropLast(2))), to: leading)
        let yStarts = broadcastIndices(Shape(Array(y.shape.dimensions.dropLast(2))), to: leading)
        let (left, right) = (x.floats, y.floats)
        var result: [Float] = []
        result.reserveCapacity(shape.elementCount)
        for (xStart, yStart) in zip(xStarts, yStarts) {
            for row in 0..<rows {
                var sums = [Double](repeating: 0, count: columns)
                for k in 0..<inner {
                    let factor = Double(left[(xStart * rows + row) * inner + k])
                    let offset = (yStart * inner + k) * columns
                    for column in 0..<columns { sums[column] += factor * Double(right[offset + column]) }
                }
                result += sums.map { Float($0) }
            }
        }
        return Tensor(rounding: result, to: e.types[0])
    }

    private static func linear(_ e: Evaluation) -> Tensor {
        let (outputs, inner) = (e.operands[1].shape[0], e.operands[1].shape[1])
        let (x, weight) = (e.operands[0].floats, e.operands[1].floats)
        let bias = e.operands.count > 2 ? e.operands[2].floats : [Float](repeating: 0, count: outputs)
        let rows = inner == 0 ? 0 : x.count / inner
        var result = [Float](repeating: 0, count: e.types[0].shape.elementCount)
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum = Double(bias[output])
                for k in 0..<inner { sum += Double(x[row * inner + k]) * Double(weight[output * inner + k]) }
                result[row * outputs + output] = Float(sum)
            }
        }
        return Tensor(rounding: result, to: e.types[0])
    }
}
