import CKernels
import KongurTesting
import Tensors
import XIR
import Yardsticks

/// Attention over a paged cache in float16 with 12 query heads, 2 key/value heads and 128 dimensions.
func measureAttention() {
    let decode = Attention(context: 4096, rows: 1, layers: 16)
    measure("attention-decode-4096", beside: decode.limit) { Work(run: try decode.load()) }
    let prefill = Attention(context: 512, rows: 512, layers: 1)
    measure("attention-prefill-512", beside: prefill.limit) { Work(run: try prefill.load()) }
}

/// The last rows of one sequence, in several layers, whose caches together are more than the processor's cache holds.
private struct Attention {
    let context: Int
    let rows: Int
    let layers: Int

    private static let (heads, kvHeads, headDim, blockSize) = (12, 2, 128, 16)
    private var blocks: Int { context / Self.blockSize }

    var limit: Yardstick {
        let seen = rows * context - rows * (rows - 1) / 2
        return .limit(
            bytes: layers * 2 * context * Self.kvHeads * Self.headDim * 2,
            operations: layers * 4 * seen * Self.heads * Self.headDim,
            CK_PEAK_F32
        )
    }

    func load() throws -> () throws -> Void {
        var random = SeededGenerator(1)
        var program = KernelProgram()
        let query = program.input(random.tensor([rows, Self.heads * Self.headDim]))
        let starts = program.input(Tensor([0, Int32(rows)], [2]))
        let lengths = program.input(Tensor([Int32(context)], [1]))
        let tables = program.input(Tensor((0..<Int32(blocks)).shuffled(using: &random), [1, blocks]))
        for layer in 0..<layers {
            let shape: Shape = [blocks, Self.kvHeads, Self.blockSize, Self.headDim]
            let keys = program.input(random.tensor(shape, .float16))
            let values = program.input(random.tensor(shape, .float16))
            let attended = try program.builder.value(
                "paged_attention",
                [query, keys, values, starts, lengths, tables],
                ["heads": .integer(Self.heads), "scale": .float(0.088)]
            )
            program.builder.result("y\(layer)", attended)
        }
        return try program.load().run
    }
}
