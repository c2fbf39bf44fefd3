package import Tensors

extension ElementType {
    /// The type that ONNX gives this number (`TensorProto.DataType`), if Kongur computes with it.
    package init?(onnxNumber: Int) {
        guard let type = ElementType.allCases.first(where: { $0.onnxNumber == onnxNumber }) else { return nil }
        self = type
    }

    /// The number of this type in ONNX.
    package var onnxNumber: Int {
        switch self {
        case .float32: 1
        case .uint8: 2
        case .int8: 3
        case .int32: 6
        case .int64: 7
        case .bool: 9
        case .float16: 10
        case .bfloat16: 16
        }
    }
}
