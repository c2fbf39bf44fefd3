import DeviceRuntime
import Tensors
import XIR

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Interpreter {
    static let quantization: [String: Semantics] = [
        "quantized_linear": { (e) throws(DeviceError) in
            let group = e.integer("group")
            let weight = QuantizedMatrix(e.operands[1], e.operands[2], group: group)
            let product = quantizedProduct(e.operands[0], weight)
            return [rounded(product, bias: e.operands.count > 3 ? e.operands[3] : nil, to: e.types[0])]
        },
        "quantized_embedding": { (e) throws(DeviceError) in
            let table = QuantizedMatrix(e.operands[1], e.operands[2], group: e.integer("group"))
            return [try rows(e, of: table.features) { table.row($0) }]
        },
        "packed_linear": { (e) throws(DeviceError) in
            let product = try packedProduct(e, featuresPerResult: 1)
            return [rounded(product, bias: e.operands.count > 2 ? e.operands[2] : nil, to: e.types[0])]
        },
        "packed_swiglu": { (e) throws(DeviceError) in
            let product = try packedProduct(e, featuresPerResult: 2)
            let (features, half) = (e.integer("features"), PackedLayout.panelFeatures / 2)
            let packed = (features + half - 1) / half * PackedLayout.panelFeatures
            let result = (0..<e.types[0].shape.elementCount).map { index -> Float in
                let (row, feature) = (index / features, index % features)
                let gate = row * packed + feature / half * PackedLayout.panelFeatures + feature % half
                return Float(product[gate] / (1 + exp(-product[gate])) * product[gate + half])
            }
            return [Tensor(rounding: result, to: e.types[0])]
        },
        "packed_embedding": { (e) throws(DeviceError) in
            guard let layout = PackedLayout(e.operation, inputs: e.integer("width")) else {
                throw e.failure("its packing is not sound")
            }
            return [
                try rows(e, of: layout.features) { id in
                    e.operands[1].withBytes { layout.weights(feature: id, in: $0) }
                }
            ]
        },
    ]

    /// Rows by number, one after the other.
    private static func rows(_ e: Evaluation, of count: Int, _ row: (Int) -> [Float]) throws(DeviceError) -> Tensor {
        var result: [Float] = []
        for id in try e.integers(0) {
            guard (0..<count).contains(id) else { throw e.failure("row \(id) of a table of \(count)") }
            result += row(id)
        }
        return Tensor(rounding: result, to: e.types[0])
    }

    private static func rounded(_ product: [Double], bias: Tensor?, to type: TensorType) -> Tensor {
        let bias = bias?.floats
        let result = product.enumerated().map { index, sum in
            Float(sum + (bias.map { Double($0[index % $0.count]) } ?? 0))
        }
        return Tensor(rounding: result, to: type)
    }

    /// [rows, features] of a packed operation; padded features too where each result has two.
    private static func packedProduct(_ e: Evaluation, featuresPerResult: Int) throws(DeviceError) -> [Double] {
        let (x, panels) = (e.operands[0], e.operands[1])
        let inputs = x.shape[x.shape.rank - 1]
        guard let layout = PackedLayout(e.operation, inputs: inputs, featuresPerResult: featuresPerResult) else {
            throw e.failure("its packing is not sound")
        }
        guard layout.packing == .bfloat16 else { return quantizedProduct(x, QuantizedMatrix(panels, layout)) }
        let rows = x.elementCount / inputs
        let numbers = x.floats
        var result = [Double](repeating: 0, count: rows * layout.features)
        for feature in 0..<layout.features {
            let weights = panels.withBytes { layout.weights(feature: feature, in: $0) }
            for row in 0..<rows {
                result[row * layout.features + feature] = (0..<inputs).reduce(0) {
                    $0 + Double(numbers[row * inputs + $1]) * Double(weights[$1])
                }
            }
        }
        return result
    }

    /// [rows, features] with rows of x quantised group by group.
    private static func quantizedProduct(_ x: Tensor, _ weight: QuantizedMatrix) -> [Double] {
        let (numbers, inputs, group) = (x.floats, weight.inputs, weight.group)
        let rows = inputs == 0 ? 0 : numbers.count / inputs
        var result = [Double](repeating: 0, count: rows * weight.features)
        for row in 0..<rows {
            for (g, start) in stride(from: 0, to: inputs, by: group).enumerated() {
                let part = QuantizedGroup(numbers[(row * inputs + start)..<(row * inputs + min(start + group, inputs))])
                for feature in 0..<weight.features {
                    let weights = weight.numbers[(feature * inputs + start)...]
                    var sum = 0.0
                    for (q, w) in zip(part.numbers, weights) { sum += Double(q) * Double(w) }
                    let factor = Double(part.scale) * Double(weight.scales[feature * weight.groups + g])
                    result[row * weight.features + feature] += sum * factor
                }
            }
        }
        return result
    }
}

/// Numbers that share a scale: whole ones up to 127, to nearest, ties to even.
struct QuantizedGroup {
    let numbers: [Float]
    let scale: Float

    init(_ x: ArraySlice<Float>) {
        let largest = x.reduce(Float(0)) { $1.isNaN || $0.isNaN ? .nan : max($0, $1.magnitude) }
        scale = largest / 127
        numbers = x.map { largest > 0x1p-120 ? ($0 * (127 / largest)).rounded(.toNearestOrEven) : 0 }
    }
}

/// Whole numbers and their scales.
private struct QuantizedMatrix {
    let features: Int
    let inputs: Int
    let group: Int
    let groups: Int
    /// [features, inputs].
    let numbers: [Float]
    /// [features, groups].
    let scales: [Float]

    init(_ weight: Tensor, _ scales: Tensor, group: Int) {
        (features, inputs) = (weight.shape[0], weight.shape[1])
        self.group = group
        groups = scales.shape[1]
        numbers = weight.floats
        self.scales = scales.floats
    }

    init(_ panels: Tensor, _ layout: PackedLayout) {
        (features, inputs, group, groups) = (layout.features, layout.inputs, layout.group, layout.groups)
        var (numbers, scales): ([Float], [Float]) = ([], [])
        panels.withBytes { bytes in
            for feature in 0..<layout.features {
                numbers += layout.numbers(feature: feature, in: bytes).map { Float($0) }
                scales += (0..<layout.groups).map { layout.scale(feature: feature, group: $0, in: bytes) }
            }
        }
        (self.numbers, self.scales) = (numbers, scales)
    }

    func row(_ feature: Int) -> [Float] {
        (0..<inputs).map { numbers[feature * inputs + $0] * scales[feature * groups + $0 / group] }
    }
}
