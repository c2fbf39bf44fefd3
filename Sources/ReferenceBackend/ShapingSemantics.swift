import DeviceRuntime
import Tensors
import XIR

extension Interpreter {
    static let shaping: [String: Semantics] = [
        "extent": { (e) throws(DeviceError) in [Tensor([Int64(try e.extent("value"))], [])] },
        "iota": { (e) throws(DeviceError) in
            [Tensor((0..<(try e.extent("length"))).map { Int64($0) }, e.types[0].shape)]
        },
        "reshape": { (e) throws(DeviceError) in
            do throws(TensorError) { return [try e.operands[0].reshaped(e.types[0].shape)] } catch {
                throw e.failure(error.message)
            }
        },
        "broadcast_to": { (e) throws(DeviceError) in
            [picked(e.operands[0], broadcastIndices(e.operands[0].shape, to: e.types[0].shape), e.types[0])]
        },
        "transpose": { (e) throws(DeviceError) in
            let strides = e.operands[0].shape.strides
            let permuted = (e.operation.integers("permutation") ?? []).map { strides[$0] }
            return [picked(e.operands[0], indices(of: e.types[0].shape, strides: permuted), e.types[0])]
        },
        "slice": { (e) throws(DeviceError) in
            let axis = try e.axis()
            let (start, end) = (try e.extent("start"), try e.extent("end"))
            let shape = e.operands[0].shape
            guard 0 <= start, start <= end, end <= shape[axis] else {
                throw e.failure("\(start)..<\(end) of \(shape[axis])")
            }
            let first = start * shape.strides[axis]
            return [
                picked(e.operands[0], indices(of: e.types[0].shape, strides: shape.strides, start: first), e.types[0])
            ]
        },
        "concat": { (e) throws(DeviceError) in
            let axis = try e.axis()
            let width = e.types[0].elementType.byteCount
            var result = MutableTensor(e.types[0])
            let outer = e.types[0].shape.dimensions[..<axis].reduce(1, *)
            let rowBytes = outer == 0 ? 0 : e.types[0].byteCount / outer
            result.withMutableBytes { target in
                var column = 0
                for operand in e.operands {
                    let bytes = operand.shape.dimensions[axis...].reduce(width, *)
                    operand.withBytes { source in
                        for row in 0..<outer {
                            UnsafeMutableRawBufferPointer(rebasing: target[(row * rowBytes + column)...])
                                .copyMemory(
                                    from: UnsafeRawBufferPointer(rebasing: source[row * bytes..<(row + 1) * bytes])
                                )
                        }
                    }
                    column += bytes
                }
            }
            return [result.freeze()]
        },
        "gather": { (e) throws(DeviceError) in
            let axis = try e.axis()
            let shape = e.operands[0].shape
            let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
            let outer = shape.dimensions[..<axis].reduce(1, *)
            let rows = try e.integers(1)
            var picks: [Int] = []
            for block in 0..<outer {
                for row in rows {
                    let index = row < 0 ? row + shape[axis] : row
                    guard (0..<shape[axis]).contains(index) else {
                        throw e.failure("index \(row) of an axis of \(shape[axis])")
                    }
                    let start = (block * shape[axis] + index) * inner
                    picks += start..<start + inner
                }
            }
            return [picked(e.operands[0], picks, e.types[0])]
        },
        "gather_nd": { (e) throws(DeviceError) in
            let shape = e.operands[0].shape
            let named = e.operands[1].shape.dimensions.last ?? 0
            let inner = shape.dimensions[named...].reduce(1, *)
            let indices = try e.integers(1)
            var picks: [Int] = []
            for vector in stride(from: 0, to: indices.count, by: named) {
                var start = 0
                for axis in 0..<named {
                    let given = indices[vector + axis]
                    let index = given < 0 ? given + shape[axis] : given
                    guard (0..<shape[axis]).contains(index) else {
                        throw e.failure("index \(given) of an axis of \(shape[axis])")
                    }
                    start += index * shape.strides[axis]
                }
                picks += start..<start + inner
            }
            return [picked(e.operands[0], picks, e.types[0])]
        },
    ]

    /// The elements of `source` at `indices`, whatever their type.
    static func picked(_ source: Tensor, _ indices: [Int], _ type: TensorType) -> Tensor {
        let width = source.elementType.byteCount
        var result = MutableTensor(type)
        result.withMutableBytes { target in
            source.withBytes { bytes in
                for (position, index) in indices.enumerated() {
                    for byte in 0..<width { target[position * width + byte] = bytes[index * width + byte] }
                }
            }
        }
        return result.freeze()
    }
}
