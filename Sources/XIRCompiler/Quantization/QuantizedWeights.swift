import Tensors
import XIR

/// A matrix in whole numbers, with scales for groups of columns.
struct QuantizedWeights {
    /// int8 [rows, columns].
    let numbers: Tensor
    /// float16 [rows, groups], or float32 [rows, 1].
    let scales: Tensor

    /// The largest scale, since it is stored as float16.
    static let largestScale: Float = 65504

    /// Quantises a matrix whose rows and columns are first multiplied by `factors`; nil when a number is not finite or too
    /// large.
    ///
    /// Without a group there is one scale for each row, exactly its largest magnitude / `largest`.
    /// Cost: one pass over the matrix.
    init?(_ matrix: Tensor, largest: Int, group: Int?, factors: Smoothing.Factors? = nil) {
        if let group {
            self.init(groupsOf: matrix, largest: largest, group: group, factors: factors)
        } else {
            self.init(rowsOf: matrix, largest: largest, factors: factors)
        }
    }

    private init?(groupsOf matrix: Tensor, largest: Int, group: Int, factors: Smoothing.Factors?) {
        let (rows, columns) = (matrix.shape[0], matrix.shape[1])
        let groups = (columns + group - 1) / group
        var numbers = MutableTensor(TensorType(.int8, [rows, columns]))
        var scales = MutableTensor(TensorType(.float16, [rows, groups]))
        var row = [Float](repeating: 0, count: columns)
        let isSound = numbers.withMutableElements(of: Int8.self) { numbers in
            scales.withMutableElements(of: UInt16.self) { scales in
                for r in 0..<rows {
                    matrix.copyRow(r, to: &row)
                    if let factors { Self.multiply(&row, by: factors, row: r) }
                    for g in 0..<groups {
                        let range = g * group..<min(columns, (g + 1) * group)
                        var magnitude: Float = 0
                        for i in range { magnitude = max(magnitude, row[i].magnitude) }
                        // NaN is not below anything, and so refused too.
                        guard magnitude <= Float(largest) * Self.largestScale,
                            row[range].allSatisfy({ $0.magnitude <= magnitude })
                        else { return false }
                        let bits = Self.scale(row[range], magnitude, largest)
                        scales[r * groups + g] = bits
                        let scale = Half.float(bitPattern: bits)
                        let inverse = scale > 0 ? 1 / scale : 0
                        for i in range {
                            numbers[r * columns + i] = Int8(Self.rounded(row[i] * inverse, largest))
                        }
                    }
                }
                return true
            }
        }
        guard isSound else { return nil }
        matrix.discard()
        self.numbers = numbers.freeze()
        self.scales = scales.freeze()
    }

    private init?(rowsOf matrix: Tensor, largest: Int, factors: Smoothing.Factors?) {
        let (rows, columns) = (matrix.shape[0], matrix.shape[1])
        var numbers = MutableTensor(TensorType(.int8, [rows, columns]))
        var scales: [Float] = []
        var row = [Float](repeating: 0, count: columns)
        let isSound = numbers.withMutableElements(of: Int8.self) { numbers in
            for r in 0..<rows {
                matrix.copyRow(r, to: &row)
                if let factors { Self.multiply(&row, by: factors, row: r) }
                var magnitude: Float = 0
                for value in row {
                    guard value.isFinite else { return false }
                    magnitude = max(magnitude, value.magnitude)
                }
                let inverse = magnitude > 0x1p-120 ? Float(largest) / magnitude : 0
                scales.append(magnitude / Float(largest))
                for c in 0..<columns { numbers[r * columns + c] = Int8(Self.rounded(row[c] * inverse, largest)) }
            }
            return true
        }
        guard isSound else { return nil }
        matrix.discard()
        self.numbers = numbers.freeze()
        self.scales = Tensor(scales, [rows, 1])
    }

    private static func multiply(_ values: inout [Float], by factors: Smoothing.Factors, row: Int) {
        let whole = factors.rows?[row] ?? 1
        guard let columns = factors.columns else {
            if whole != 1 { for i in values.indices { values[i] *= whole } }
            return
        }
        for i in values.indices { values[i] *= whole * columns[i] }
    }

    /// A whole number from -largest to largest.
    private static func rounded(_ value: Float, _ largest: Int) -> Float {
        // Adding it leaves the nearest whole number, ties to even, in the lowest bits; faster than a call.
        let rounding: Float = 0x1.8p23
        let nearest = (value + rounding) - rounding
        return min(max(nearest, -Float(largest)), Float(largest))
    }

    /// The float16 bits of a group's scale: for 8 bits that of the largest magnitude; for 4 bits, where cutting off the
    /// largest may be worth it, the one of some candidates with the least squared error.
    private static func scale(_ values: ArraySlice<Float>, _ magnitude: Float, _ largest: Int) -> UInt16 {
        let whole = Half.bitPatternRoundedUp(magnitude / Float(largest))
        guard largest < 127, magnitude > 0 else { return whole }
        var (best, least) = (whole, Float.infinity)
        for share in [1, 0.95, 0.9, 0.85, 0.8, 0.75] as [Float] {
            let bits = Half.bitPatternRoundedUp(magnitude * share / Float(largest))
            let scale = Half.float(bitPattern: bits)
            let inverse = 1 / scale
            var error: Float = 0
            for value in values {
                let difference = rounded(value * inverse, largest) * scale - value
                error += difference * difference
            }
            if error < least { (best, least) = (bits, error) }
        }
        return best
    }
}
