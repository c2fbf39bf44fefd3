/// The type of one element of a tensor.
///
/// The names are the ones that safetensors, ONNX and XIR text share after lower-casing; all values are little-endian.
package enum ElementType: String, Sendable, Hashable, CaseIterable {
    case float32 = "f32"
    case float16 = "f16"
    case bfloat16 = "bf16"
    case int8 = "i8"
    case uint8 = "u8"
    case int32 = "i32"
    case int64 = "i64"
    case bool = "bool"

    /// Bytes that one element occupies.
    package var byteCount: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .float16, .bfloat16: 2
        case .float32, .int32: 4
        case .int64: 8
        }
    }

    /// True for the three floating-point types.
    package var isFloatingPoint: Bool {
        switch self {
        case .float32, .float16, .bfloat16: true
        case .int8, .uint8, .int32, .int64, .bool: false
        }
    }
}
