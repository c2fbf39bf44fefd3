import Tensors
import XIR

extension CompiledModel {
    /// Checks that a model, wherever it comes from, is what an engine runs: a step program, and numbers that fit it.
    ///
    /// The program must be valid. Throws `.invalidProgram` naming the number and its range.
    package func validate() throws(DeviceError) {
        let count = 1...Int(Int32.max)
        try require("vocabularySize", vocabularySize, in: count)
        try require("contextLength", contextLength, in: count)
        for id in stopTokenIDs.sorted() { try require("stopTokenIDs", id, in: 0...vocabularySize - 1) }
        try require("cache.layers", cache.layers, in: 1...1 << 16)
        try require("cache.kvHeads", cache.kvHeads, in: 1...1 << 16)
        try require("cache.headDim", cache.headDim, in: 1...CacheRow.largestHeadDim)
        try require("cache.blockSize", cache.blockSize, in: 1...1 << 16)
        guard CacheRow.elementTypes.contains(cache.elementType) else {
            throw program.invalid("cache.elementType is \(cache.elementType.rawValue), which no cache has")
        }
        let row = CacheRow(headDim: cache.headDim, elementType: cache.elementType)
        let block = Shape([2, cache.layers, cache.kvHeads, cache.blockSize, row.byteCount]).checkedElementCount
        guard let block, block <= Self.largestBlockByteCount else {
            throw program.invalid("a block of the cache has more than \(Self.largestBlockByteCount) bytes")
        }
        try checkStates(row)
        try checkInterface()
    }

    /// The most bytes of a block over all layers.
    private static let largestBlockByteCount = 1 << 30

    private func require(_ field: String, _ value: Int, in range: ClosedRange<Int>) throws(DeviceError) {
        guard range.contains(value) else {
            throw program.invalid("\(field) is \(value), not in \(range)")
        }
    }

    /// The states are the caches of the layers, by name and type.
    private func checkStates(_ row: CacheRow) throws(DeviceError) {
        let type = ValueType(
            cache.elementType,
            [
                Extent(symbol: StepProgram.cacheBlocks), Extent(cache.kvHeads), Extent(cache.blockSize),
                Extent(row.elementCount),
            ]
        )
        let names = (0..<cache.layers).flatMap { [StepProgram.keyCache($0), StepProgram.valueCache($0)] }
        guard program.states.count == names.count, Set(program.states.map(\.name)) == Set(names),
            program.states.allSatisfy({ $0.type == type })
        else { throw program.invalid("the states are not a key and a value cache of \(type) for each layer") }
    }

    /// Inputs and output are a step program's.
    private func checkInterface() throws(DeviceError) {
        guard program.inputNames == StepProgram.inputs, program.outputNames == [StepProgram.logits] else {
            throw program.invalid(
                "takes \(program.inputNames) and gives \(program.outputNames); a step program takes \(StepProgram.inputs) and gives '\(StepProgram.logits)'"
            )
        }
        let tokens: Extent = Extent(symbol: StepProgram.tokens)
        let sequences = Extent(symbol: StepProgram.sequences)
        let outputs = Extent(symbol: StepProgram.outputs)
        let shapes: [[Extent]] = [
            [tokens], [tokens], [tokens], [sequences + 1], [sequences], [sequences, Extent(symbol: StepProgram.table)],
            [outputs],
        ]
        for (position, shape) in shapes.enumerated() {
            let type = program.values[program.inputs[position]].type
            guard type == ValueType(.int32, shape) else {
                throw program.invalid(
                    "input '\(program.inputNames[position])' is \(type), not \(ValueType(.int32, shape))"
                )
            }
        }
        let logits = program.values[program.outputs[0]].type
        let wanted = ValueType(.float32, [outputs, Extent(vocabularySize)])
        guard logits == wanted else { throw program.invalid("the logits are \(logits), not \(wanted)") }
    }
}
