import DeviceRuntime
import KongurTesting
import ReferenceBackend
import Tensors
import Testing
import XIR

@testable import CPUBackend

/// Packed operations against the reference, for every packing, and for few and many rows.
@Suite struct PackedKernelTests {
    private struct Weight {
        var layout: PackedLayout
        var panels: Tensor
        var attributes: [String: Attribute]
    }

    /// Panels of random bytes with sound scales.
    private func weight(_ packing: PackedLayout.Packing, features: Int, inputs: Int, gated: Bool = false) throws
        -> Weight
    {
        let attributes: [String: Attribute] = [
            "packing": .string(packing.rawValue), "features": .integer(features),
            "group": .integer(packing == .bfloat16 ? 2 : 32),
        ]
        let layout = try #require(PackedLayout(attributes, inputs: inputs, featuresPerResult: gated ? 2 : 1))
        var random = SeededGenerator(UInt64(features))
        var panels = MutableTensor(layout.type)
        panels.withMutableBytes { bytes in
            for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255, using: &random) }
            for feature in 0..<layout.panels * PackedLayout.panelFeatures {
                for group in 0..<layout.groups {
                    if packing == .bfloat16 {
                        for place in 0..<2 {
                            let value = BFloat16(Float.random(in: -0.1...0.1, using: &random)).bitPattern
                            let offset = layout.weightOffset(feature: feature, group: group) + 2 * place
                            bytes.storeBytes(of: value, toByteOffset: offset, as: UInt16.self)
                        }
                    } else {
                        let scale = Half.bitPattern(Float.random(in: 0.001...0.002, using: &random))
                        let offset = layout.scaleOffset(feature: feature, group: group)
                        bytes.storeBytes(of: scale, toByteOffset: offset, as: UInt16.self)
                    }
                }
            }
        }
        return Weight(layout: layout, panels: panels.freeze(), attributes: attributes)
    }

    private func check(_ operation: String, _ packing: PackedLayout.Packing, _ weight: Weight, bias: Tensor? = nil)
        throws
    {
        var builder = FunctionBuilder("operation")
        let x = builder.input("x", ValueType(.float32, ["tokens", Extent(weight.layout.inputs)]))
        let operands =
            [x, builder.input("w", ValueType(weight.panels.type))]
            + (bias.map { [builder.input("b", ValueType($0.type))] } ?? [])
        builder.result("y", try builder.value(operation, operands, weight.attributes))
        let program = makeProgram(builder.function, constants: [:], limits: ["tokens": 300])
        for tokens in [1, 5, 6, 40, 300] {
            var samples = SeededGenerator(UInt64(tokens))
            let inputs = [samples.tensor([tokens, weight.layout.inputs]), weight.panels] + (bias.map { [$0] } ?? [])
            let values = try CPUDevice(threads: 2).load(program, symbols: [:]).run(inputs)
            let expected = try ReferenceDevice().load(program, symbols: [:]).run(inputs)
            // A tie may be rounded to either side, and bf16 rounds x where the processor multiplies it.
            #expect(difference(values, expected) < (packing == .bfloat16 ? 5e-3 : 1e-3), "\(operation) of \(tokens)")
        }
    }

    @Test(arguments: PackedLayout.Packing.allCases)
    func productsAgreeWithTheReference(packing: PackedLayout.Packing) throws {
        var samples = SeededGenerator(3)
        let weight = try weight(packing, features: 70, inputs: 45)
        try check("packed_linear", packing, weight)
        try check("packed_linear", packing, weight, bias: samples.tensor([70], .float16))
    }

    @Test(arguments: PackedLayout.Packing.allCases)
    func gatedProductsAgreeWithTheReference(packing: PackedLayout.Packing) throws {
        try check("packed_swiglu", packing, try weight(packing, features: 50, inputs: 64, gated: true))
    }

    /// A normalisation that a product alone takes is done with its packing; the bits stay those of the steps one by one.
    @Test(arguments: PackedLayout.Packing.allCases, [false, true])
    func normalisedProductsKeepTheirBits(packing: PackedLayout.Packing, gated: Bool) throws {
        let weight = try weight(packing, features: 50, inputs: 64, gated: gated)
        func program(showingRows: Bool) throws -> Program {
            var builder = FunctionBuilder("operation")
            let type = ValueType(.float32, ["tokens", 64])
            let (x, residual) = (builder.input("x", type), builder.input("residual", type))
            let scale = builder.input("scale", ValueType(.float32, [64]))
            let panels = builder.input("w", ValueType(weight.panels.type))
            let normed = try builder.append("add_rms_norm", [x, residual, scale], ["epsilon": .float(1e-6)])
            let name = gated ? "packed_swiglu" : "packed_linear"
            builder.result("y", try builder.value(name, [normed[1], panels], weight.attributes))
            builder.result("sum", normed[0])
            // Whoever else takes the rows keeps the normalisation a step of its own.
            if showingRows { builder.result("rows", normed[1]) }
            return makeProgram(builder.function, constants: [:], limits: ["tokens": 300])
        }
        let (fused, apart) = (try program(showingRows: false), try program(showingRows: true))
        let device = try CPUDevice(threads: 2)
        for tokens in [1, 5, 6, 40, 300] {
            var samples = SeededGenerator(UInt64(tokens))
            let inputs = [
                samples.tensor([tokens, 64]), samples.tensor([tokens, 64]), samples.tensor([64]), weight.panels,
            ]
            let values = try device.load(fused, symbols: [:]).run(inputs)
            #expect(try Array(device.load(apart, symbols: [:]).run(inputs).prefix(2)) == values, "\(tokens) rows")
        }
    }

    @Test(arguments: PackedLayout.Packing.allCases)
    func tablesAgreeWithTheReference(packing: PackedLayout.Packing) throws {
        let weight = try weight(packing, features: 70, inputs: 45)
        var builder = FunctionBuilder("operation")
        let ids = builder.input("ids", ValueType(.int32, ["tokens"]))
        let panels = builder.input("w", ValueType(weight.panels.type))
        let attributes = weight.attributes.merging(["width": .integer(45)]) { $1 }
        builder.result("y", try builder.value("packed_embedding", [ids, panels], attributes))
        let program = makeProgram(builder.function, constants: [:], limits: ["tokens": 16])
        let inputs = [Tensor([Int32(69), 0, 31, 32], [4]), weight.panels]
        let executable = try CPUDevice(threads: 2).load(program, symbols: [:])
        let values = try executable.run(inputs)
        #expect(values == (try ReferenceDevice().load(program, symbols: [:]).run(inputs)))
        #expect(throws: DeviceError.self) { try executable.run([Tensor([Int32(70)], [1]), weight.panels]) }
    }
}
