import CKernels
import Foundation
import KongurTesting
import Testing

@Suite struct NormalizationTests {
    static func reference(_ x: [Float], _ weight: [Float], epsilon: Double) -> [Double] {
        let width = weight.count
        return x.indices.map { index in
            let row = x[index / width * width..<(index / width + 1) * width]
            let mean = row.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(width)
            return Double(x[index]) / (mean + epsilon).squareRoot() * Double(weight[index % width])
        }
    }

    @Test(arguments: levels, elementTypes)
    func rmsNormAgreesWithTheDefinition(level: ck_level_t, type: ck_type_t) {
        for (rows, width) in [(1, 1), (2, 8), (3, 45), (2, 128), (2, 331)] {
            var samples = SeededGenerator(UInt64(width))
            let x = samples.floats(rows * width, in: -3...3)
            let weight = Stored(samples.floats(width), as: type)
            var y = [Float](repeating: .nan, count: x.count)
            at(level) {
                ck_rms_norm(x, Int64(width), Int64(rows), Int64(width), weight.bytes, type, 1e-5, &y, Int64(width))
            }
            #expect(error(y, Self.reference(x, weight.values, epsilon: 1e-5)) < 2e-6, "\(rows) x \(width)")
        }
    }

    @Test(arguments: levels)
    func addRMSNormGivesTheSumAndItsNorm(level: ck_level_t) {
        let (rows, width) = (3, 77)
        var samples = SeededGenerator(1)
        let (x, residual) = (samples.floats(rows * width), samples.floats(rows * width))
        let weight = Stored(samples.floats(width), as: CK_BF16)
        var (sum, y) = ([Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: x.count))
        at(level) {
            ck_add_rms_norm(x, residual, Int64(rows), Int64(width), weight.bytes, CK_BF16, 1e-6, &sum, &y)
        }
        #expect(sum == zip(x, residual).map(+))
        #expect(error(y, Self.reference(sum, weight.values, epsilon: 1e-6)) < 2e-6)
    }

    @Test(arguments: levels)
    func softmaxSumsToOneAndStandsLargeNumbers(level: ck_level_t) {
        for width in [1, 7, 64, 201] {
            var samples = SeededGenerator(UInt64(width))
            var x = samples.floats(2 * width, in: -5...5)
            for index in width..<2 * width { x[index] += 5000 }
            var y = [Float](repeating: .nan, count: x.count)
            at(level) { ck_softmax(x, 2, Int64(width), &y) }
            let reference = x.indices.map { index in
                let row = x[index / width * width..<(index / width + 1) * width].map(Double.init)
                let largest = row.max() ?? 0
                return exp(Double(x[index]) - largest) / row.reduce(0) { $0 + exp($1 - largest) }
            }
            #expect(error(y, reference, scale: 1e-3) < 1e-5)
        }
    }
}
