import Tensors

extension Tensor {
    /// A tensor of any element type from float values: rounded to nearest even; for integers cut towards zero and to
    /// their range, NaN being 0; true unless zero for bool.
    init(rounding values: [Float], to type: TensorType) {
        precondition(values.count == type.shape.elementCount)
        var tensor = MutableTensor(type)
        switch type.elementType {
        case .float32: tensor.fill(Float.self) { values[$0] }
        case .float16: tensor.fill(UInt16.self) { Half.bitPattern(values[$0]) }
        case .bfloat16: tensor.fill(UInt16.self) { BFloat16(values[$0]).bitPattern }
        case .int8: tensor.fill(Int8.self) { Int8(clamping: Self.integer(values[$0])) }
        case .uint8: tensor.fill(UInt8.self) { UInt8(clamping: Self.integer(values[$0])) }
        case .int32: tensor.fill(Int32.self) { Int32(clamping: Self.integer(values[$0])) }
        case .int64: tensor.fill(Int64.self) { Int64(Self.integer(values[$0])) }
        case .bool: tensor.fill(UInt8.self) { values[$0] != 0 ? 1 : 0 }
        }
        self = tensor.freeze()
    }

    /// A tensor of an integer or bool type from whole numbers, which wrap around.
    init(wrapping values: [Int], to type: TensorType) {
        precondition(values.count == type.shape.elementCount)
        var tensor = MutableTensor(type)
        switch type.elementType {
        case .int8: tensor.fill(Int8.self) { Int8(truncatingIfNeeded: values[$0]) }
        case .uint8: tensor.fill(UInt8.self) { UInt8(truncatingIfNeeded: values[$0]) }
        case .int32: tensor.fill(Int32.self) { Int32(truncatingIfNeeded: values[$0]) }
        case .int64: tensor.fill(Int64.self) { Int64(values[$0]) }
        case .bool: tensor.fill(UInt8.self) { values[$0] != 0 ? 1 : 0 }
        case .float32, .float16, .bfloat16:
            self = Tensor(rounding: values.map { Float($0) }, to: type)
            return
        }
        self = tensor.freeze()
    }

    /// Towards zero; NaN is 0, and what is too large is the largest.
    private static func integer(_ value: Float) -> Int {
        if value.isNaN { return 0 }
        if value >= 0x1p63 { return .max }
        if value <= -0x1p63 { return .min }
        return Int(value)
    }
}

extension MutableTensor {
    fileprivate mutating func fill<Element: BitwiseCopyable>(_ type: Element.Type, _ value: (Int) -> Element) {
        withMutableElements(of: type) { elements in
            for index in elements.indices { elements[index] = value(index) }
        }
    }
}
