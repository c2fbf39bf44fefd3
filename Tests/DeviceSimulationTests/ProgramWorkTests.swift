import DeviceRuntime
import DeviceSimulation
import Tensors
import Testing
import XIR

/// What a program's types say of its work, on programs of one step.
@Suite struct ProgramWorkTests {
    /// Two sequences: three rows of five tokens, one row of ten.
    private let batch = BatchShape(
        [BatchShape.Entry(rows: 3, context: 5), BatchShape.Entry(rows: 1, context: 10)],
        outputs: 2,
        table: 1
    )

    private func kernel(
        _ operation: String,
        _ operands: [(ValueType, ProgramValue.Place)],
        _ results: [ValueType],
        _ attributes: [String: Attribute] = [:]
    ) throws -> [KernelWork] {
        var program = Program(name: "step")
        program.values =
            operands.map { ProgramValue($0.0, $0.1) } + results.map { ProgramValue($0, .arena(offset: 0)) }
        let count = operands.count
        program.steps = [
            ProgramStep(
                operation,
                Array(0..<count),
                results: Array(count..<count + results.count),
                attributes: attributes
            )
        ]
        return try ProgramWork(program, symbols: [StepProgram.cacheBlocks: 8]).step(batch).kernels
    }

    private func rows(_ width: Int, _ type: ElementType = .float32) -> ValueType {
        ValueType(type, [Extent(symbol: "tokens"), Extent(width)])
    }

    @Test func aProductReadsItsWeightsOnceForAllRows() throws {
        let weights = ValueType(.bfloat16, [Extent(6), Extent(8)])
        let work = try #require(
            try kernel("linear", [(rows(8, .bfloat16), .arena(offset: 0)), (weights, .constant(0))], [rows(6)]).first
        )
        #expect(work.weightBytes == 6 * 8 * 2 && work.cacheBytes == 0 && work.rows == 4)
        #expect(work.activationBytes == 4 * 8 * 2 + 4 * 6 * 4)
        #expect(work.operations == 2 * 4 * 6 * 8 && work.arithmetic == .bfloat16 && work.launches == 1)
    }

    @Test func aPackedProductMultipliesAsItsWeightsAreKept() throws {
        let panels = ValueType(.uint8, [Extent(100)])
        let attributes: [String: Attribute] = ["packing": .string("int4"), "features": .integer(6)]
        let operands: [(ValueType, ProgramValue.Place)] = [(rows(8), .arena(offset: 0)), (panels, .constant(0))]
        let product = try #require(try kernel("packed_linear", operands, [rows(6)], attributes).first)
        #expect(product.arithmetic == .int4 && product.weightBytes == 100 && product.operations == 2 * 4 * 6 * 8)
        let gated = try #require(try kernel("packed_swiglu", operands, [rows(6)], attributes).first)
        #expect(gated.operations == 2 * product.operations)
    }

    @Test func attentionReadsEachContextOnceAndMultipliesForEachRow() throws {
        let cache = ValueType(.float16, [Extent(symbol: "cache_blocks"), Extent(2), Extent(16), Extent(4)])
        let attention = try #require(
            try kernel(
                "paged_attention",
                [(rows(16), .arena(offset: 0)), (cache, .state(0)), (cache, .state(1))],
                [rows(16)]
            ).first
        )
        // Keys and values of 15 tokens: 2 heads of 4 numbers of 2 bytes.
        #expect(attention.cacheBytes == 2 * 15 * 2 * 4 * 2)
        // Rows at tokens 3, 4 and 5 see as many; the other sees ten. Two products over 16 numbers for each pair.
        #expect(attention.operations == Double(4 * 16 * (3 + 4 + 5 + 10)))
        #expect(attention.rows == 3)
    }

    @Test func aLookUpReadsTheRowsThatAreAskedFor() throws {
        let table = ValueType(.bfloat16, [Extent(1000), Extent(8)])
        let ids = ValueType(.int32, [Extent(symbol: "tokens")])
        let work = try #require(try kernel("embedding", [(table, .constant(0)), (ids, .input(0))], [rows(8)]).first)
        #expect(work.weightBytes == 4 * 8 * 2)
    }

    @Test func whatOnlyChangesTheViewIsNoKernelAndASymbolThatIsFreeIsAnError() throws {
        #expect(try kernel("reshape", [(rows(8), .arena(offset: 0))], [rows(8)]).isEmpty)
        let free = ValueType(.float32, [Extent(symbol: "elsewhere")])
        let error = #expect(throws: DeviceError.self) { try kernel("silu", [(free, .arena(offset: 0))], [free]) }
        #expect(error?.code == .invalidProgram)
    }
}
