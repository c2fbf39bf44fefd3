import DeviceRuntime
import Tensors
import XIR

/// A step program of one layer with one head of two numbers, and five tokens.
func stepModel() -> CompiledModel {
    let rows: (Int) -> ValueType = { ValueType(.float32, ["tokens", Extent($0)]) }
    let vector = ValueType(.int32, ["tokens"])
    let cache = ValueType(.float32, ["cache_blocks", 1, 4, 2])
    let program = Program(
        name: "step",
        values: [
            ProgramValue(vector, .input(0)), ProgramValue(vector, .input(1)), ProgramValue(vector, .input(2)),
            ProgramValue(ValueType(.int32, [Extent(symbol: "sequences") + 1]), .input(3)),
            ProgramValue(ValueType(.int32, ["sequences"]), .input(4)),
            ProgramValue(ValueType(.int32, ["sequences", "table"]), .input(5)),
            ProgramValue(ValueType(.int32, ["outputs"]), .input(6)),
            ProgramValue(cache, .state(0)), ProgramValue(cache, .state(1)),
            ProgramValue(ValueType(.float32, [5, 2]), .constant(0)),
            ProgramValue(ValueType(.float32, [6, 2]), .constant(1)),
            ProgramValue(ValueType(.float32, [1]), .constant(2)), ProgramValue(ValueType(.float32, [2]), .constant(3)),
            ProgramValue(rows(2), .arena(offset: 0)), ProgramValue(rows(6), .arena(offset: 64)),
            ProgramValue(rows(2), .arena(offset: 256)), ProgramValue(cache, .state(0)), ProgramValue(cache, .state(1)),
            ProgramValue(rows(2), .arena(offset: 320)), ProgramValue(rows(2), .arena(offset: 384)),
            ProgramValue(ValueType(.float32, ["outputs", 2]), .arena(offset: 448)),
            ProgramValue(ValueType(.float32, ["outputs", 5]), .arena(offset: 512)),
        ],
        inputs: Array(0..<7),
        outputs: [21],
        inputNames: StepProgram.inputs,
        outputNames: [StepProgram.logits],
        states: [
            ProgramState(StepProgram.keyCache(0), cache), ProgramState(StepProgram.valueCache(0), cache),
        ],
        constants: [
            ProgramConstant("table", Tensor((0..<10).map { Float($0) / 10 }, [5, 2])),
            ProgramConstant("qkv", Tensor((0..<12).map { Float($0) / 12 }, [6, 2])),
            ProgramConstant("frequencies", Tensor([1] as [Float], [1])),
            ProgramConstant("norm", Tensor([1, 2] as [Float], [2])),
        ],
        steps: [
            ProgramStep("embedding", [0, 9], results: [13]),
            ProgramStep("linear", [13, 10], results: [14]),
            ProgramStep(
                "rotary_cache_write",
                [14, 1, 2, 11, 7, 8],
                results: [15, 16, 17],
                attributes: ["heads": .integer(1), "scale": .float(1)]
            ),
            ProgramStep(
                "paged_attention",
                [15, 16, 17, 3, 4, 5],
                results: [18],
                attributes: ["heads": .integer(1), "scale": .float(0.7)]
            ),
            ProgramStep("rms_norm", [18, 12], results: [19], attributes: ["epsilon": .float(1e-6)]),
            ProgramStep("gather", [19, 6], results: [20], attributes: ["axis": .integer(0)]),
            ProgramStep("linear", [20, 9], results: [21]),
        ],
        limits: ["tokens": 8, "sequences": 2, "table": 16, "outputs": 4],
        arenaByteCount: 640
    )
    return CompiledModel(
        program: program,
        cache: KVCacheLayout(layers: 1, kvHeads: 1, headDim: 2, blockSize: 4, elementType: .float32),
        vocabularySize: 5,
        contextLength: 64,
        stopTokenIDs: [2, 1]
    )
}
