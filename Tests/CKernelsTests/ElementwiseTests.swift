import CKernels
import Foundation
import KongurTesting
import Testing

@Suite struct ElementwiseTests {
    @Test(arguments: levels)
    func expIsAccurateOverItsWholeRange(level: ck_level_t) {
        let x = (-8700...8870).map { Float($0) / 100 }
        var y = [Float](repeating: .nan, count: x.count)
        at(level) { ck_exp(x, Int64(x.count), &y) }
        for (x, y) in zip(x, y) {
            let exact = exp(Double(x))
            #expect(abs(Double(y) - exact) <= 2.5 * Double(Float(exact).ulp), "e^\(x)")
        }
    }

    @Test(arguments: levels)
    func expOfExtremes(level: ck_level_t) {
        let x: [Float] = [.infinity, -.infinity, .nan, 1e30, -1e30, 0, 89, -104, 88.72]
        var y = [Float](repeating: -1, count: x.count)
        at(level) { ck_exp(x, Int64(x.count), &y) }
        #expect(y[0] == .infinity && y[1] == 0 && y[2].isNaN && y[3] == .infinity && y[4] == 0)
        #expect(y[5] == 1 && y[6] == .infinity && y[7] == 0 && y[8].isFinite)
    }

    @Test(arguments: levels)
    func siluAndSwiGLU(level: ck_level_t) {
        let (rows, width) = (3, 43)
        var samples = SeededGenerator(1)
        var gateUp = samples.floats(rows * 2 * width, in: -10...10)
        gateUp[0] = -200
        gateUp[1] = 200
        var y = [Float](repeating: .nan, count: rows * width)
        at(level) {
            gateUp.withUnsafeBufferPointer { gateUp in
                let gate = gateUp.baseAddress
                ck_swiglu(
                    gate,
                    Int64(2 * width),
                    gate.map { $0 + width },
                    Int64(2 * width),
                    Int64(rows),
                    Int64(width),
                    &y,
                    Int64(width)
                )
            }
        }
        let silu = gateUp.map { Double($0) / (1 + exp(-Double($0))) }
        let reference = y.indices.map { index in
            let start = index / width * 2 * width + index % width
            return silu[start] * Double(gateUp[start + width])
        }
        #expect(error(y, reference) < 1e-6)
        var alone = [Float](repeating: .nan, count: gateUp.count)
        at(level) { ck_silu(gateUp, Int64(gateUp.count), &alone) }
        #expect(error(alone, silu) < 1e-6)
    }

    @Test(arguments: levels)
    func binaryOperationsAreExactOnTailsToo(level: ck_level_t) {
        var samples = SeededGenerator(1)
        let (x, y) = (samples.floats(53), samples.floats(53))
        var z = [Float](repeating: .nan, count: 53)
        at(level) {
            ck_add(x, y, 53, &z)
            #expect(z == zip(x, y).map(+))
            ck_subtract(x, y, 53, &z)
            #expect(z == zip(x, y).map(-))
            ck_multiply(x, y, 53, &z)
            #expect(z == zip(x, y).map(*))
            ck_divide(x, y, 53, &z)
            #expect(z == zip(x, y).map(/))
        }
    }

    /// Every half-precision number there and back, and rounding of what lies between.
    @Test(arguments: levels)
    func halfPrecisionConverts(level: ck_level_t) {
        let bits = (0...UInt16.max).map { $0 }
        var floats = [Float](repeating: -1, count: bits.count)
        var back = [UInt16](repeating: 0, count: bits.count)
        at(level) {
            ck_to_float(bits, CK_F16, Int64(bits.count), &floats)
            ck_from_float(floats, Int64(bits.count), CK_F16, &back)
        }
        for (index, bits) in bits.enumerated() {
            if bits & 0x7FFF > 0x7C00 {
                #expect(floats[index].isNaN && back[index] & 0x7FFF > 0x7C00)
            } else {
                let magnitude = bits & 0x7FFF == 0x7C00 ? .infinity : HalfPrecision.values[Int(bits & 0x7FFF)]
                #expect(Double(floats[index].magnitude) == magnitude && back[index] == bits)
            }
        }
        var samples = SeededGenerator(1)
        let scales: [Float] = [1e-8, 1e-6, 1e-4, 1, 1000, 65_519, 65_520, 80_000]
        let between = scales.flatMap { samples.floats(64, in: -$0...$0) + [$0, -$0] }
        var rounded = [UInt16](repeating: 0, count: between.count)
        at(level) { ck_from_float(between, Int64(between.count), CK_F16, &rounded) }
        #expect(rounded == between.map { HalfPrecision.round($0).bits })
    }

    @Test(arguments: levels)
    func bfloat16Rounds(level: ck_level_t) {
        var samples = SeededGenerator(1)
        let x = samples.floats(99, in: -1000...1000) + [1.00390625, 1.01171875, .infinity, .greatestFiniteMagnitude]
        var bits = [UInt16](repeating: 0, count: x.count + 1)
        at(level) { ck_from_float(x + [Float(bitPattern: 0x7F80_0001)], Int64(x.count + 1), CK_BF16, &bits) }
        let expected = x.map {
            UInt16(truncatingIfNeeded: ($0.bitPattern + 0x7FFF + (($0.bitPattern >> 16) & 1)) >> 16)
        }
        #expect(Array(bits.dropLast()) == expected)
        #expect(bits[x.count] & 0x7FFF > 0x7F80, "NaN stays NaN")
    }

    @Test(arguments: levels, elementTypes)
    func gatherRowsTakesRowsInAnyOrder(level: ck_level_t, type: ck_type_t) {
        var samples = SeededGenerator(1)
        let table = Stored(samples.floats(7 * 19), as: type)
        let indices: [Int32] = [6, 0, 3, 3]
        var y = [Float](repeating: .nan, count: indices.count * 19)
        at(level) { ck_gather_rows(indices, Int64(indices.count), table.bytes, type, 19, &y) }
        #expect(y == indices.flatMap { table.values[Int($0) * 19..<(Int($0) + 1) * 19] })
    }
}
