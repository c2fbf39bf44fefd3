import CKernels
import KongurTesting
import Testing

@Suite struct LinearTests {
    struct Case {
        var (tokens, k, n) = (0, 0, 0)
        var x: [Float]
        var weight: Stored
        var bias: Stored?

        init(tokens: Int, k: Int, n: Int, _ type: ck_type_t, bias: Bool = true) {
            var samples = SeededGenerator(UInt64(tokens * 1000 + k))
            (self.tokens, self.k, self.n) = (tokens, k, n)
            x = samples.floats(tokens * k)
            weight = Stored(samples.floats(n * k), as: type)
            self.bias = bias ? Stored(samples.floats(n), as: type) : nil
        }

        /// Rows `tokens` of x with outputs `outputs`; everything not written stays NaN.
        func run(tokens: Range<Int>, outputs: Range<Int>) -> [Float] {
            var y = [Float](repeating: .nan, count: tokens.count * n)
            x.withUnsafeBufferPointer { x in
                weight.bytes.withUnsafeBytes { weightBytes in
                    (bias?.bytes ?? []).withUnsafeBytes { biasBytes in
                        ck_linear(
                            x.baseAddress.map { $0 + tokens.lowerBound * k },
                            Int64(k),
                            Int64(tokens.count),
                            Int64(k),
                            weightBytes.baseAddress,
                            weight.type,
                            bias == nil ? nil : biasBytes.baseAddress,
                            weight.type,
                            Int64(outputs.lowerBound),
                            Int64(outputs.upperBound),
                            &y,
                            Int64(n)
                        )
                    }
                }
            }
            return y
        }

        var reference: [Double] {
            (0..<tokens * n).map { index in
                let (t, o) = (index / n, index % n)
                return (0..<k).reduce(Double(bias?.values[o] ?? 0)) {
                    $0 + Double(x[t * k + $1]) * Double(weight.values[o * k + $1])
                }
            }
        }
    }

    @Test(arguments: levels, elementTypes)
    func agreesWithTheDefinition(level: ck_level_t, type: ck_type_t) {
        for (tokens, k, n) in [(1, 1, 1), (1, 64, 9), (2, 17, 5), (3, 100, 13), (7, 31, 33), (13, 129, 50), (5, 3, 2)] {
            for bias in [false, true] {
                let linear = Case(tokens: tokens, k: k, n: n, type, bias: bias)
                let y = at(level) { linear.run(tokens: 0..<tokens, outputs: 0..<n) }
                #expect(error(y, linear.reference) < 1e-5, "\(tokens) x \(k) x \(n)")
            }
        }
    }

    /// Small weights, so that a second-level cache's worth is many blocks of rows only when k is large.
    @Test(arguments: levels)
    func agreesAcrossBlocksOfRows(level: ck_level_t) {
        let linear = Case(tokens: 4, k: 6001, n: 41, CK_BF16)
        let y = at(level) { linear.run(tokens: 0..<4, outputs: 0..<41) }
        #expect(error(y, linear.reference, scale: 30) < 1e-5)
    }

    @Test(arguments: levels, elementTypes)
    func aRowHasTheSameBitsAloneAndAmongOthers(level: ck_level_t, type: ck_type_t) {
        let (tokens, k, n) = (11, 203, 37)
        let linear = Case(tokens: tokens, k: k, n: n, type)
        at(level) {
            let together = linear.run(tokens: 0..<tokens, outputs: 0..<n)
            for t in 0..<tokens {
                let alone = linear.run(tokens: t..<t + 1, outputs: 0..<n)
                #expect(alone.bits == Array(together[t * n..<(t + 1) * n]).bits)
            }
        }
    }

    @Test(arguments: levels)
    func aRangeOfOutputsIsWrittenAndNothingElse(level: ck_level_t) {
        let (tokens, k, n) = (4, 50, 29)
        let linear = Case(tokens: tokens, k: k, n: n, CK_F16)
        at(level) {
            let whole = linear.run(tokens: 0..<tokens, outputs: 0..<n)
            for range in [0..<5, 5..<22, 22..<29, 7..<7] {
                let part = linear.run(tokens: 0..<tokens, outputs: range)
                for (index, value) in part.enumerated() {
                    if range.contains(index % n) {
                        #expect(value.bitPattern == whole[index].bitPattern)
                    } else {
                        #expect(value.isNaN)
                    }
                }
            }
        }
    }
}
