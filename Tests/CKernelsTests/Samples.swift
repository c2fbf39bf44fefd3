import CKernels
import KongurTesting
import Testing

/// Every level that this processor has.
let levels = (0...ck_best_level().rawValue).map { ck_level_t($0) }

let elementTypes = [CK_F32, CK_F16, CK_BF16]

extension SeededGenerator {
    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}

/// What a cache may hold.
let cacheTypes = elementTypes + [CK_I8]

/// Bytes of one element.
func elementSize(_ type: ck_type_t) -> Int { type == CK_F32 ? 4 : type == CK_I8 ? 1 : 2 }

/// Bytes of a cache's row of `headDim` numbers, its scale in i8 included.
func cacheRowSize(_ headDim: Int, _ type: ck_type_t) -> Int { headDim * elementSize(type) + (type == CK_I8 ? 4 : 0) }

/// Rows of `headDim` as a cache holds them, by definition.
func cached(_ rows: [Float], headDim: Int, as type: ck_type_t) -> [Float] {
    guard type == CK_I8 else { return Stored(rows, as: type).values }
    return stride(from: 0, to: rows.count, by: headDim).flatMap { start -> [Float] in
        let row = rows[start..<start + headDim]
        let largest = row.map(\.magnitude).max() ?? 0
        return row.map { largest == 0 ? 0 : ($0 * (127 / largest)).rounded(.toNearestOrEven) * (largest / 127) }
    }
}

/// Numbers as an element type holds them: the bytes, and their exact values.
struct Stored {
    var bytes: [UInt8]
    var values: [Float]
    let type: ck_type_t

    init(_ floats: [Float], as type: ck_type_t) {
        self.type = type
        switch type {
        case CK_F32:
            bytes = floats.withUnsafeBytes { Array($0) }
            values = floats
        case CK_F16:
            let halves = floats.map { HalfPrecision.round($0) }
            bytes = halves.map(\.bits).withUnsafeBytes { Array($0) }
            values = halves.map(\.value)
        default:
            let bits = floats.map {
                UInt16(truncatingIfNeeded: ($0.bitPattern &+ 0x7FFF &+ (($0.bitPattern >> 16) & 1)) >> 16)
            }
            bytes = bits.withUnsafeBytes { Array($0) }
            values = bits.map { Float(bitPattern: UInt32($0) << 16) }
        }
    }
}

/// Half precision by definition: searched in the list of all its values.
enum HalfPrecision {
    /// The value of every bit pattern of a positive finite number, in order.
    static let values: [Double] = (0..<0x7C00).map { bits in
        let (exponent, fraction) = (bits >> 10, Double(bits & 0x3FF) / 1024)
        return exponent == 0
            ? fraction * 0x1p-14 : (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }

    /// The nearest value, ties to even.
    static func round(_ value: Float) -> (bits: UInt16, value: Float) {
        let magnitude = Double(value.magnitude)
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        if magnitude >= 65520 { return (sign | 0x7C00, value.sign == .minus ? -.infinity : .infinity) }
        var (low, high) = (0, values.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if values[middle] <= magnitude { low = middle } else { high = middle - 1 }
        }
        if low + 1 < values.count {
            let (down, up) = (magnitude - values[low], values[low + 1] - magnitude)
            if up < down || up == down && low % 2 == 1 { low += 1 }
        }
        let rounded = Float(values[low])
        return (sign | UInt16(low), value.sign == .minus ? -rounded : rounded)
    }
}

/// Runs `body` with the calling thread on a level, and puts it back.
func at<Result>(_ level: ck_level_t, _ body: () throws -> Result) rethrows -> Result {
    let before = ck_level()
    ck_set_level(level)
    defer { ck_set_level(before) }
    return try body()
}

/// The largest difference from the reference, beside `scale` plus the reference's own size.
func error(_ values: [Float], _ reference: [Double], scale: Double = 1) -> Double {
    guard values.count == reference.count else { return .infinity }
    return zip(values, reference).reduce(0) { largest, pair in
        let difference = abs(Double(pair.0) - pair.1) / (scale + abs(pair.1))
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}

extension [Float] {
    var bits: [UInt32] { map(\.bitPattern) }
}
