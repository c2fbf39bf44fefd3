import CKernels
import KongurTesting
import Tensors
import XIR
import Yardsticks

/// What is done to each row of a prompt of 512 between the products; beside reading what is read and written.
func measureRows() {
    let (rows, hidden, heads, kvHeads, headDim) = (512, 1536, 12, 2, 128)
    let qkv = (heads + 2 * kvHeads) * headDim
    let repeats = 8

    measure("rms-norm", beside: .limit(bytes: repeats * 2 * rows * hidden * 4, operations: 0, CK_PEAK_F32)) {
        var random = SeededGenerator(1)
        var program = KernelProgram()
        let x = program.input(random.tensor([rows, hidden]))
        let weight = program.constant("weight", random.tensor([hidden], .bfloat16))
        program.builder.result("y", try program.builder.value("rms_norm", [x, weight], ["epsilon": .float(1e-6)]))
        let run = try program.load().run
        return Work { for _ in 0..<repeats { try run() } }
    }

    let rotated = repeats * rows * (qkv * 4 + heads * headDim * 4 + 2 * kvHeads * headDim * 2)
    measure("rotary-cache-write", beside: .limit(bytes: rotated, operations: 0, CK_PEAK_F32)) {
        var random = SeededGenerator(1)
        var program = KernelProgram()
        let positions = Tensor((0..<Int32(rows)).map { $0 }, [rows])
        let cache = ValueType(.float16, [Extent(rows / 16), Extent(kvHeads), 16, Extent(headDim)])
        let operands = [
            program.input(random.tensor([rows, qkv])), program.input(positions), program.input(positions),
            program.input(random.tensor([headDim / 2])), program.builder.state("keys", cache),
            program.builder.state("values", cache),
        ]
        let results = try program.builder.append(
            "rotary_cache_write",
            operands,
            ["heads": .integer(heads), "scale": .float(1)]
        )
        program.builder.result("query", results[0])
        let run = try program.load().run
        return Work { for _ in 0..<repeats { try run() } }
    }
}
