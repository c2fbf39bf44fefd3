import CKernels
import DeviceRuntime
import KongurTesting
import ReferenceBackend
import Tensors
import Testing
import XIR

@testable import CPUBackend

/// A decoder of two layers as a step program: everything that serving runs.
struct TinyDecoder {
    var heads = 6
    var kvHeads = 2
    var headDim = 20
    var width = 44
    var hidden = 52
    var vocabulary = 37
    var blockSize = 8
    var blocks = 128
    var weightType = ElementType.bfloat16
    var cacheType = ElementType.bfloat16
    var hasHeadNorms = false

    func program() throws -> Program {
        var builder = FunctionBuilder(StepProgram.name)
        var constants: [String: Tensor] = [:]
        var samples = SeededGenerator(7)
        func constant(_ name: String, _ shape: Shape, _ type: ElementType, scale: Float) -> ValueID {
            constants[name] = samples.tensor(shape, type, scale: scale)
            return builder.constant(name, TensorType(type, shape))
        }
        func input(_ name: String, _ extents: Extent...) -> ValueID {
            builder.input(name, ValueType(.int32, extents))
        }
        let ids = input(StepProgram.tokenIDs, "tokens")
        let positions = input(StepProgram.positions, "tokens")
        let slots = input(StepProgram.slots, "tokens")
        let starts = input(StepProgram.sequenceStarts, Extent(symbol: "sequences") + 1)
        let lengths = input(StepProgram.contextLengths, "sequences")
        let tables = input(StepProgram.blockTables, "sequences", "table")
        let rows = input(StepProgram.outputRows, "outputs")
        let cacheType = ValueType(
            cacheType,
            [
                "cache_blocks", Extent(kvHeads), Extent(blockSize),
                Extent(CacheRow(headDim: headDim, elementType: cacheType).elementCount),
            ]
        )
        let table = constant("embedding", [vocabulary, width], weightType, scale: 1)
        constants["frequencies"] = Tensor(
            (0..<headDim / 2).map { Float(1) / Float(1 + 7 * $0) },
            [headDim / 2]
        )
        let frequencies = builder.constant("frequencies", TensorType(.float32, [headDim / 2]))
        var x = try builder.value("embedding", [ids, table])
        var normed = try builder.value(
            "rms_norm",
            [x, constant("norm", [width], weightType, scale: 1)],
            ["epsilon": .float(1e-6)]
        )
        for layer in 0..<2 {
            let keys = builder.state(StepProgram.keyCache(layer), cacheType)
            let values = builder.state(StepProgram.valueCache(layer), cacheType)
            let qkvWidth = (heads + 2 * kvHeads) * headDim
            let qkv = try builder.value(
                "linear",
                [
                    normed, constant("qkv.\(layer)", [qkvWidth, width], weightType, scale: 0.3),
                    constant("bias.\(layer)", [qkvWidth], weightType, scale: 0.3),
                ]
            )
            var operands = [qkv, positions, slots, frequencies, keys, values]
            if hasHeadNorms {
                operands.append(constant("query_norm.\(layer)", [headDim], weightType, scale: 1))
                operands.append(constant("key_norm.\(layer)", [headDim], weightType, scale: 1))
            }
            let written = try builder.append(
                "rotary_cache_write",
                operands,
                ["heads": .integer(heads), "scale": .float(1.1), "epsilon": .float(1e-6)]
            )
            let attended = try builder.value(
                "paged_attention",
                [written[0], written[1], written[2], starts, lengths, tables],
                ["heads": .integer(heads), "scale": .float(0.25)]
            )
            let projected = try builder.value(
                "linear",
                [attended, constant("output.\(layer)", [width, heads * headDim], weightType, scale: 0.2)]
            )
            let after = try builder.append(
                "add_rms_norm",
                [projected, x, constant("norm2.\(layer)", [width], weightType, scale: 1)],
                ["epsilon": .float(1e-6)]
            )
            let gateUp = try builder.value(
                "linear",
                [after[1], constant("up.\(layer)", [2 * hidden, width], weightType, scale: 0.3)]
            )
            let down = try builder.value(
                "linear",
                [
                    try builder.value("swiglu", [gateUp]),
                    constant("down.\(layer)", [width, hidden], weightType, scale: 0.3),
                ]
            )
            let next = try builder.append(
                "add_rms_norm",
                [down, after[0], constant("norm3.\(layer)", [width], weightType, scale: 1)],
                ["epsilon": .float(1e-6)]
            )
            (x, normed) = (next[0], next[1])
        }
        let chosen = try builder.value("gather", [normed, rows], ["axis": .integer(0)])
        builder.result(StepProgram.logits, try builder.value("linear", [chosen, table]))
        return makeProgram(
            builder.function,
            constants: constants,
            limits: ["tokens": 640, "sequences": 8, "outputs": 640, "table": 96]
        )
    }

    /// A stretch of a sequence's tokens that one step computes.
    struct Stretch {
        var sequence: Int
        var range: Range<Int>
    }

    /// The blocks of up to three sequences stand scattered over the cache.
    func inputs(_ stretches: [Stretch]) -> [Tensor] {
        func block(_ sequence: Int, _ index: Int) -> Int { (index * 3 + sequence) * 5 % blocks }
        var (ids, positions, slots, starts) = ([Int32](), [Int32](), [Int32](), [Int32(0)])
        for stretch in stretches {
            for position in stretch.range {
                ids.append(Int32((position * 7 + stretch.sequence * 11) % vocabulary))
                positions.append(Int32(position))
                slots.append(
                    Int32(block(stretch.sequence, position / blockSize) * blockSize + position % blockSize)
                )
            }
            starts.append(Int32(ids.count))
        }
        let longest = stretches.map { ($0.range.upperBound + blockSize - 1) / blockSize }.max() ?? 0
        let tables = stretches.flatMap { stretch in
            (0..<longest).map { index in
                // Past the context the table holds what must not be read.
                index * blockSize < stretch.range.upperBound ? Int32(block(stretch.sequence, index)) : -9
            }
        }
        return [
            Tensor(ids, [ids.count]), Tensor(positions, [ids.count]), Tensor(slots, [ids.count]),
            Tensor(starts, [starts.count]),
            Tensor(stretches.map { Int32($0.range.upperBound) }, [stretches.count]),
            Tensor(tables, [stretches.count, longest]), Tensor((0..<Int32(ids.count)).map { $0 }, [ids.count]),
        ]
    }

    /// The logits of every row, step by step, on a fresh executable.
    func run(on device: some Device, _ steps: [[Stretch]]) throws -> [Tensor] {
        let executable = try device.load(program(), symbols: [StepProgram.cacheBlocks: blocks])
        return try steps.map { stretches in
            let logits = try executable.run(inputs(stretches))[0]
            return Tensor(logits.floats, logits.shape)
        }
    }
}

private typealias Stretch = TinyDecoder.Stretch

let levels = (0...ck_best_level().rawValue).map { ck_level_t($0) }

@Suite struct StepProgramTests {
    /// Prefill beside decode, then a chunk, then decode of all.
    private let mixed = [
        [Stretch(sequence: 0, range: 0..<13)],
        [Stretch(sequence: 0, range: 13..<14), Stretch(sequence: 1, range: 0..<9)],
        [Stretch(sequence: 1, range: 9..<30), Stretch(sequence: 0, range: 14..<15)],
        [Stretch(sequence: 0, range: 15..<16), Stretch(sequence: 1, range: 30..<31)],
    ]

    @Test(arguments: levels, CacheRow.elementTypes)
    func agreesWithTheReference(level: ck_level_t, type: ElementType) throws {
        for (hasHeadNorms, headDim) in [(false, 20), (true, 20), (false, 64)] {
            var decoder = TinyDecoder(weightType: type.isFloatingPoint ? type : .bfloat16, cacheType: type)
            decoder.hasHeadNorms = hasHeadNorms
            decoder.headDim = headDim
            let expected = try decoder.run(on: ReferenceDevice(), mixed)
            let logits = try decoder.run(on: CPUDevice(threads: 2, level: level), mixed)
            // Rounding to the cache's type may fall the other way; then a step of that type shows in the logits.
            #expect(difference(logits, expected) < (type == .float32 ? 1e-4 : 2e-2))
        }
    }

    /// The promise to whoever asks with a seed: the same bits alone and in company, in one go and in chunks.
    @Test(arguments: levels, [ElementType.bfloat16, .float16, .int8])
    func aSequenceHasTheSameBitsAloneAndInABatchAndInChunks(level: ck_level_t, type: ElementType) throws {
        let decoder = TinyDecoder(headDim: type == .int8 ? 64 : 20, cacheType: type)
        let device = try CPUDevice(threads: 2, level: level)
        let length = 300
        func rows(_ steps: [Tensor]) -> [UInt32] { steps.flatMap { $0.floats.map(\.bitPattern) } }
        let whole = rows(try decoder.run(on: device, [[Stretch(sequence: 0, range: 0..<length)]]))
        let decoded = rows(
            try decoder.run(on: device, (0..<length).map { [Stretch(sequence: 0, range: $0..<$0 + 1)] })
        )
        #expect(decoded == whole)
        let cuts = [0, 1, 64, 203, 260, 261, length]
        let chunks = zip(cuts, cuts.dropFirst()).map { Stretch(sequence: 0, range: $0..<$1) }
        #expect(rows(try decoder.run(on: device, chunks.map { [$0] })) == whole)
        // In company: another sequence stands before it in every step.
        let crowd = chunks.indices.map { index in
            [Stretch(sequence: 2, range: index * 3..<index * 3 + 3), chunks[index]]
        }
        let own = try decoder.run(on: device, crowd).flatMap { $0.floats.dropFirst(3 * decoder.vocabulary) }
        #expect(own.map(\.bitPattern) == whole)
    }

    @Test(arguments: [ElementType.bfloat16, .int8]) func theNumberOfThreadsChangesNoBit(type: ElementType) throws {
        let decoder = TinyDecoder(headDim: type == .int8 ? 64 : 20, cacheType: type)
        let steps =
            [[Stretch(sequence: 0, range: 0..<290), Stretch(sequence: 1, range: 0..<20)]]
            + (0..<3).map { step in
                [
                    Stretch(sequence: 0, range: 290 + step..<291 + step),
                    Stretch(sequence: 1, range: 20 + step..<21 + step),
                ]
            }
        let alone = try decoder.run(on: CPUDevice(threads: 1), steps)
        for threads in [2, 3, 5] {
            #expect(try decoder.run(on: CPUDevice(threads: threads), steps) == alone)
        }
    }

    @Test func inputsThatWouldReadOutsideAreRefused() throws {
        let decoder = TinyDecoder()
        let symbols = [StepProgram.cacheBlocks: decoder.blocks]
        let executable = try CPUDevice(threads: 1).load(decoder.program(), symbols: symbols)
        let good = decoder.inputs([Stretch(sequence: 0, range: 0..<2), Stretch(sequence: 1, range: 0..<1)])
        _ = try executable.run(good)
        let bad: [(position: Int, values: [Int32], message: String)] = [
            (0, [1, 37, 0], "token_ids[1] is 37"), (0, [-1, 0, 0], "token_ids[0] is -1"),
            (2, [0, 1, 128 * 8], "slots[2] is 1024"), (3, [0, 2, 2], "the sequences hold rows"),
            (3, [0, -1, 3], "sequence 0 has -1 rows"), (4, [1, 1], "sequence 0 has 2 rows and a context of 1"),
            (4, [9, 1], "sequence 0 has 2 rows and a context of 9"), (5, [5, 128], "block 128 is outside"),
            (5, [-1, 3], "block -1 is outside"), (6, [0, 1, 3], "output_rows[2] is 3"),
        ]
        for (position, values, message) in bad {
            var inputs = good
            inputs[position] = Tensor(values, good[position].shape)
            let error = #expect(throws: DeviceError.self) { try executable.run(inputs) }
            #expect(
                error?.code == .invalidInput && error?.message.contains(message) == true,
                "\(message): \(error as Any)"
            )
        }
        // A negative slot is padding: nothing is written.
        var padded = good
        padded[2] = Tensor([Int32(-1), -1, -1], [3])
        _ = try executable.run(padded)
    }

    @Test(arguments: CacheRow.elementTypes) func statisticsCountWhatIsLoaded(type: ElementType) throws {
        let device = try CPUDevice(threads: 3)
        let decoder = TinyDecoder(cacheType: type)
        let program = try decoder.program()
        var executable: (any Executable)? = try device.load(program, symbols: [StepProgram.cacheBlocks: decoder.blocks])
        let layout = KVCacheLayout(
            layers: 2,
            kvHeads: decoder.kvHeads,
            headDim: decoder.headDim,
            blockSize: decoder.blockSize,
            elementType: type
        )
        // What the engine sizes the cache by is what the device takes, scales included.
        #expect(device.statistics.stateByteCount == decoder.blocks * layout.blockByteCount)
        let rowSize = type == .int8 ? decoder.headDim + 4 : decoder.headDim * type.byteCount
        #expect(layout.blockByteCount == 4 * decoder.kvHeads * decoder.blockSize * rowSize)
        #expect(device.statistics.weightByteCount == program.constants.reduce(0) { $0 + $1.tensor.byteCount })
        #expect(device.statistics.arenaByteCount > program.arenaByteCount)
        #expect(device.statistics.threadCount == 3)
        #expect(executable != nil)
        executable = nil
        #expect(device.statistics.heldByteCount == 0)
        let (taken, memory) = (device.statistics.usedMemoryByteCount ?? 0, device.statistics.memoryByteCount ?? 0)
        #expect(0 < taken && taken < memory)
    }

    @Test func statisticsCountWhatIsDone() throws {
        let device = try CPUDevice(threads: 2)
        let decoder = TinyDecoder()
        let program = try decoder.program()
        let executable = try device.load(program, symbols: [StepProgram.cacheBlocks: decoder.blocks])
        #expect(device.statistics.runs == 0 && device.statistics.launches == 0)
        let stretches = [TinyDecoder.Stretch(sequence: 0, range: 0..<5), .init(sequence: 1, range: 0..<3)]
        _ = try executable.run(decoder.inputs(stretches))
        let first = device.statistics
        #expect(first.runs == 1)
        #expect(first.kernels["linear"]?.launches == program.steps.count { $0.operation == "linear" })
        #expect(first.kernels["paged_attention"]?.launches == 2)
        #expect(first.kernels["rotary_table"]?.launches == 1)
        #expect(first.busySeconds > 0)
        #expect(abs(first.kernels.values.reduce(0) { $0 + $1.seconds } - first.busySeconds) < 1e-6)
        // The embedding's rows are looked up, but as the output head all of it is read.
        let weights = program.constants.reduce(0) { $0 + $1.tensor.byteCount }
        let cacheRow = 2 * 2 * decoder.kvHeads * decoder.headDim * decoder.cacheType.byteCount
        #expect(first.readByteCount == weights + 8 * cacheRow)
        let (width, hidden) = (decoder.width, decoder.hidden)
        let (query, value) = (decoder.heads * decoder.headDim, decoder.kvHeads * decoder.headDim)
        let layer = width * (query + 2 * value) + query * width + 3 * width * hidden
        #expect(first.operations == 2 * (8 * 2 * layer + 8 * width * decoder.vocabulary))

        _ = try executable.run(decoder.inputs([.init(sequence: 0, range: 5..<6)]))
        let second = device.statistics
        #expect(second.runs == 2 && second.launches == 2 * first.launches)
        #expect(second.readByteCount == first.readByteCount + weights + 6 * cacheRow)
        #expect(second.busySeconds > first.busySeconds)
        // A run that is refused does nothing.
        #expect(throws: DeviceError.self) { try executable.run([]) }
        #expect(device.statistics.runs == 2)
    }
}
