import CKernels
import Foundation
import KongurTesting
import Testing

@Suite struct PackedLinearTests {
    static let packings = [CK_PACKED_INT8, CK_PACKED_INT4, CK_PACKED_BF16]

    /// Rows and weights, packed here by the definition of the panels.
    struct Case {
        let (tokens, k, n): (Int, Int, Int)
        let packing: ck_packing_t
        let group: Int
        var x: [Float]
        /// [n][k], exactly what the panels hold.
        var weights: [Float]
        var panels: [UInt8] = []
        var bias: [Float]

        init(tokens: Int, k: Int, n: Int, _ packing: ck_packing_t, group: Int) {
            var samples = SeededGenerator(UInt64(tokens * 1000 + k))
            (self.tokens, self.k, self.n, self.packing) = (tokens, k, n, packing)
            self.group = packing == CK_PACKED_BF16 ? 2 : group
            x = samples.floats(tokens * k)
            bias = samples.floats(n)
            weights = [Float](repeating: 0, count: n * k)
            pack(&samples)
        }

        private mutating func pack(_ samples: inout SeededGenerator) {
            for panel in 0..<(n + 31) / 32 {
                for start in stride(from: 0, to: k, by: group) {
                    var scales: [Float] = []
                    if packing != CK_PACKED_BF16 {
                        let halves = (0..<32).map { _ in
                            HalfPrecision.round(Float.random(in: 0.01...0.02, using: &samples))
                        }
                        scales = halves.map(\.value)
                        panels += halves.flatMap { [UInt8($0.bits & 255), UInt8($0.bits >> 8)] }
                    }
                    let width = packing == CK_PACKED_BF16 ? 2 : 4
                    var steps: [UInt8] = []
                    for step in stride(from: start, to: start + group, by: width) {
                        for row in panel * 32..<panel * 32 + 32 {
                            for i in step..<step + width {
                                steps += number(row, i, scales, &samples)
                            }
                        }
                    }
                    if packing == CK_PACKED_INT4 {
                        // Two steps of 128 share their bytes.
                        for pair in stride(from: 0, to: steps.count, by: 256) {
                            panels += (pair..<pair + 128).map { steps[$0] | steps[$0 + 128] << 4 }
                        }
                    } else {
                        panels += steps
                    }
                }
            }
        }

        private mutating func number(_ row: Int, _ i: Int, _ scales: [Float], _ samples: inout SeededGenerator)
            -> [UInt8]
        {
            let isInside = row < n && i < k
            if packing == CK_PACKED_BF16 {
                let value = isInside ? Float.random(in: -1...1, using: &samples).bitPattern >> 16 : 0
                if isInside { weights[row * k + i] = Float(bitPattern: value << 16) }
                return [UInt8(value & 255), UInt8(value >> 8)]
            }
            let largest = packing == CK_PACKED_INT8 ? 127 : 7
            let value = isInside ? Int.random(in: -largest...largest, using: &samples) : 0
            if isInside { weights[row * k + i] = Float(value) * scales[row % 32] }
            return [UInt8(value + largest + 1)]
        }

        func withWeight<Result>(_ body: (inout ck_packed_t) -> Result) -> Result {
            panels.withUnsafeBytes { bytes in
                var weight = ck_packed_t(
                    panels: bytes.baseAddress,
                    packing: packing,
                    n: Int64(n),
                    k: Int64(k),
                    group: Int64(group)
                )
                return body(&weight)
            }
        }

        /// Packed rows of `x[tokens]`, packed tile by tile in reverse order.
        private func packedRows(_ tokens: Range<Int>, _ weight: inout ck_packed_t) -> [UInt8] {
            var packed = [UInt8](repeating: 0xAA, count: tokens.count * Int(ck_packed_row_size(&weight)))
            let tile = Int(ck_packed_tile(&weight, Int64(tokens.count)))
            for first in stride(from: 0, to: tokens.count, by: tile).reversed() {
                x.withUnsafeBufferPointer { x in
                    ck_pack_rows(
                        x.baseAddress.map { $0 + tokens.lowerBound * k },
                        Int64(k),
                        Int64(tokens.count),
                        &weight,
                        Int64(first),
                        Int64(min(first + tile, tokens.count)),
                        &packed
                    )
                }
            }
            return packed
        }

        /// The product of rows `tokens` and the features of some panels; everything not written stays NaN.
        func run(tokens: Range<Int>, panels: Range<Int>? = nil, biased: Bool = true) -> [Float] {
            withWeight { weight in
                let packed = packedRows(tokens, &weight)
                var y = [Float](repeating: .nan, count: tokens.count * n)
                let range = panels ?? 0..<(n + 31) / 32
                bias.withUnsafeBytes { bias in
                    ck_packed_linear(
                        &weight,
                        packed,
                        Int64(tokens.count),
                        biased ? bias.baseAddress : nil,
                        CK_F32,
                        Int64(range.lowerBound),
                        Int64(range.upperBound),
                        &y,
                        Int64(n)
                    )
                }
                return y
            }
        }

        /// The same by the definition: x quantised group by group, but for bf16.
        var reference: [Double] {
            var result = (0..<tokens * n).map { Double(bias[$0 % n]) }
            for t in 0..<tokens {
                for start in stride(from: 0, to: k, by: group) {
                    let range = start..<min(k, start + group)
                    var numbers = range.map { x[t * k + $0] }
                    if packing != CK_PACKED_BF16 {
                        let scale = numbers.reduce(0) { max($0, $1.magnitude) } / 127
                        numbers = numbers.map { scale > 0 ? ($0 / scale).rounded(.toNearestOrEven) * scale : 0 }
                    }
                    for o in 0..<n {
                        for (i, number) in zip(range, numbers) {
                            result[t * n + o] += Double(number) * Double(weights[o * k + i])
                        }
                    }
                }
            }
            return result
        }
    }

    @Test(arguments: levels, packings)
    func agreesWithTheDefinition(level: ck_level_t, packing: ck_packing_t) {
        let shapes = [
            (1, 1, 1, 8), (1, 64, 32, 32), (2, 100, 33, 64), (3, 40, 70, 8), (6, 130, 31, 128), (7, 64, 64, 64),
            (13, 77, 5, 16), (33, 150, 70, 64), (70, 260, 96, 128),
        ]
        for (tokens, k, n, group) in shapes {
            let product = Case(tokens: tokens, k: k, n: n, packing, group: group)
            let y = at(level) { product.run(tokens: 0..<tokens) }
            // A tie in rounding x may fall to either side; where x is rounded to bfloat16, it loses 16 bits.
            let bound = packing == CK_PACKED_BF16 && level.rawValue >= CK_LEVEL_BF16.rawValue ? 3e-2 : 2e-3
            #expect(error(y, product.reference) < bound, "\(tokens) x \(k) x \(n), groups of \(group)")
        }
    }

    @Test(arguments: levels, packings)
    func aRowHasTheSameBitsAloneAndAmongOthers(level: ck_level_t, packing: ck_packing_t) {
        let product = Case(tokens: 17, k: 200, n: 40, packing, group: 64)
        at(level) {
            let together = product.run(tokens: 0..<17)
            for range in [0..<1, 3..<5, 5..<8, 8..<12, 12..<17, 1..<7, 2..<10] {
                let some = product.run(tokens: range)
                #expect(some.bits == Array(together[range.lowerBound * 40..<range.upperBound * 40]).bits, "\(range)")
            }
        }
    }

    /// Numbers of rows that tiles take in different ways: in one or two, in one block or several, and not at all.
    @Test(arguments: levels, packings)
    func aRowHasTheSameBitsInABatchOfAnySize(level: ck_level_t, packing: ck_packing_t) {
        let product = Case(tokens: 130, k: 150, n: 70, packing, group: 64)
        at(level) {
            let together = product.run(tokens: 0..<130)
            for count in Array(1...40) + [47, 48, 49, 63, 64, 65, 96, 97, 127, 128, 129] {
                let some = product.run(tokens: 130 - count..<130)
                #expect(some.bits == Array(together[(130 - count) * 70..<130 * 70]).bits, "\(count) rows")
            }
        }
    }

    /// Whole numbers are summed exactly and scaled in one order, so only multiply-add as one step makes a difference.
    @Test(arguments: [CK_PACKED_INT8, CK_PACKED_INT4], [32, 64, 128, 192])
    func levelsAgreeToTheLastBits(packing: ck_packing_t, group: Int) {
        for (tokens, k) in [(5, 300), (8, 20), (40, 300), (70, 520)] {
            let product = Case(tokens: tokens, k: k, n: 64, packing, group: group)
            let first = at(levels[0]) { product.run(tokens: 0..<tokens) }
            for level in levels.dropFirst() {
                let y = at(level) { product.run(tokens: 0..<tokens) }
                #expect(error(y, first.map { Double($0) }) < 1e-5)
                if level.rawValue > CK_LEVEL_AVX2.rawValue {
                    #expect(y.bits == at(CK_LEVEL_AVX2) { product.run(tokens: 0..<tokens) }.bits)
                }
            }
        }
    }

    @Test(arguments: levels)
    func panelsAreWrittenAndNothingElse(level: ck_level_t) {
        let product = Case(tokens: 4, k: 50, n: 75, CK_PACKED_INT8, group: 32)
        at(level) {
            let whole = product.run(tokens: 0..<4)
            for range in [0..<1, 1..<2, 2..<3, 1..<3, 2..<2] {
                for (index, value) in product.run(tokens: 0..<4, panels: range).enumerated() {
                    if range.contains(index % 75 / 32) {
                        #expect(value.bitPattern == whole[index].bitPattern)
                    } else {
                        #expect(value.isNaN)
                    }
                }
            }
        }
    }

    @Test(arguments: levels, packings) func noRowsAreNoWork(level: ck_level_t, packing: ck_packing_t) {
        let product = Case(tokens: 1, k: 40, n: 40, packing, group: 32)
        #expect(at(level) { product.run(tokens: 0..<0) } == [])
    }

    @Test(arguments: levels, [7, 40])
    func gateAndUpBecomeOneResult(level: ck_level_t, tokens: Int) {
        // 18 features: a panel of 16 gates and 16 ups, and a piece of the next.
        let width = 18
        let product = Case(tokens: tokens, k: 64, n: 64, CK_PACKED_INT8, group: 64)
        at(level) {
            let linear = product.run(tokens: 0..<tokens, biased: false)
            let y = product.withWeight { weight in
                weight.n = Int64(2 * width)
                var packed = [UInt8](repeating: 0, count: tokens * Int(ck_packed_row_size(&weight)))
                ck_pack_rows(product.x, 64, Int64(tokens), &weight, 0, Int64(tokens), &packed)
                var y = [Float](repeating: .nan, count: tokens * width)
                ck_packed_swiglu(&weight, packed, Int64(tokens), 0, 2, &y, Int64(width))
                return y
            }
            let expected = (0..<tokens * width).map { index -> Double in
                let (t, feature) = (index / width, index % width)
                let gate = t * 64 + feature / 16 * 32 + feature % 16
                let g = Double(linear[gate])
                return g / (1 + exp(-g)) * Double(linear[gate + 16])
            }
            #expect(error(y, expected) < 1e-5)
        }
    }

    @Test(arguments: packings) func rowsOfTheTableAreItsWeights(packing: ck_packing_t) {
        let table = Case(tokens: 1, k: 77, n: 40, packing, group: 32)
        let ids: [Int32] = [39, 0, 33, 0]
        let y = table.withWeight { weight in
            var y = [Float](repeating: .nan, count: ids.count * 77)
            ck_packed_gather(&weight, ids, Int64(ids.count), &y)
            return y
        }
        #expect(y == ids.flatMap { table.weights[Int($0) * 77..<Int($0) * 77 + 77] })
    }

    /// What is not a number does not vanish in rounding.
    @Test(arguments: levels, packings) func notANumberStaysSo(level: ck_level_t, packing: ck_packing_t) {
        for bad in [Float.nan, .infinity] {
            var product = Case(tokens: 2, k: 64, n: 32, packing, group: 32)
            product.x[5] = bad
            let y = at(level) { product.run(tokens: 0..<2) }
            #expect(y[..<32].allSatisfy { !$0.isFinite } && y[32...].allSatisfy(\.isFinite))
        }
    }
}
