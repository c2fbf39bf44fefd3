import Tensors

/// Elements of constants as text: exact, and the shortest decimal that reads back as the same number.
///
/// What decimals cannot say (a NaN other than the usual one, a bool other than 0 and 1) is written as its bits: `0x7fc1`.
enum ElementText {
    /// The text of every element of a tensor.
    static func texts(of tensor: Tensor) -> [String] {
        tensor.withBytes { bytes in
            (0..<tensor.elementCount).map { index in
                text(bits(bytes, index, tensor.elementType.byteCount), tensor.elementType)
            }
        }
    }

    /// The bits of the element that text stands for, or nil when it is no element of this type.
    static func bits(_ token: Token.Kind, negative: Bool, _ type: ElementType) -> UInt64? {
        switch token {
        case .number(let text) where text.hasPrefix("0x"):
            guard !negative, let bits = UInt64(text.dropFirst(2), radix: 16), bits <= mask(type) else { return nil }
            return bits
        case .number(let text) where type.isFloatingPoint:
            guard let value = Float((negative ? "-" : "") + text) else { return nil }
            let bits = bits(value, type)
            // A decimal that is too large for the type is a mistake, not an infinity.
            return value.isFinite && float(bits, type).isFinite ? bits : nil
        case .word("inf") where type.isFloatingPoint: return bits(negative ? -.infinity : .infinity, type)
        case .word("nan") where type.isFloatingPoint && !negative: return bits(.nan, type)
        case .word("true") where type == .bool && !negative: return 1
        case .word("false") where type == .bool && !negative: return 0
        case .number(let text) where type != .bool && !type.isFloatingPoint:
            guard let value = Int((negative ? "-" : "") + text), range(type).contains(value) else { return nil }
            return UInt64(bitPattern: Int64(value)) & mask(type)
        default: return nil
        }
    }

    private static func bits(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ width: Int) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(bytes[index * width + $1]) << (8 * UInt64($1)) }
    }

    private static func text(_ bits: UInt64, _ type: ElementType) -> String {
        switch type {
        case .float32, .float16, .bfloat16:
            let value = float(bits, type)
            if !value.isNaN { return value.description }
            return bits == self.bits(.nan, type) ? "nan" : hexadecimal(bits)
        case .int8: return String(Int8(truncatingIfNeeded: bits))
        case .uint8: return String(bits)
        case .int32: return String(Int32(truncatingIfNeeded: bits))
        case .int64: return String(Int64(bitPattern: bits))
        case .bool: return bits == 1 ? "true" : bits == 0 ? "false" : hexadecimal(bits)
        }
    }

    private static func hexadecimal(_ bits: UInt64) -> String { "0x" + String(bits, radix: 16) }

    private static func float(_ bits: UInt64, _ type: ElementType) -> Float {
        switch type {
        case .float16: Half.float(bitPattern: UInt16(truncatingIfNeeded: bits))
        case .bfloat16: BFloat16(bitPattern: UInt16(truncatingIfNeeded: bits)).float
        default: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        }
    }

    private static func bits(_ value: Float, _ type: ElementType) -> UInt64 {
        switch type {
        case .float16: UInt64(Half.bitPattern(value))
        case .bfloat16: UInt64(BFloat16(value).bitPattern)
        default: UInt64(value.bitPattern)
        }
    }

    private static func mask(_ type: ElementType) -> UInt64 { .max >> UInt64(64 - 8 * type.byteCount) }

    private static func range(_ type: ElementType) -> ClosedRange<Int> {
        switch type {
        case .int8: Int(Int8.min)...Int(Int8.max)
        case .uint8: 0...255
        case .int32: Int(Int32.min)...Int(Int32.max)
        default: Int.min...Int.max
        }
    }
}
