import DeviceRuntime
import Tensors
import XIR

/// Times one operation of XIR on a device, as a program of its own: what the timing model needs to know of a processor, measured
/// on sizes that are no model's.
struct KernelProbe {
    let device: any Device
    /// How long one kernel is run again and again.
    var duration = Duration.milliseconds(50)

    /// Seconds of a product of `rows` rows with `features` x `inputs` weights in a packed form.
    ///
    /// With `copies` the weights are so many matrices, one after the other, of which each run takes the next: more than caches hold.
    func product(_ packing: PackedLayout.Packing, rows: Int, inputs: Int, features: Int, copies: Int = 1) throws
        -> Double
    {
        guard let layout = PackedLayout(packing, features: features, inputs: inputs, group: packing == .int4 ? 64 : 128)
        else { throw KongurError(.failed, "no such layout") }
        var program = Program(name: "product", limits: ["rows": rows])
        let x = program.add(ValueType(.float32, ["rows", Extent(inputs)]), .input(0))
        program.inputs = [x]
        program.inputNames = ["x"]
        var y = x
        for copy in 0..<copies {
            let panels = program.add(ValueType(layout.type), .constant(copy))
            program.constants.append(ProgramConstant("panels\(copy)", Self.tensor(layout.type)))
            y = program.addResult(ValueType(.float32, ["rows", Extent(features)]))
            program.steps.append(
                ProgramStep(
                    "packed_linear",
                    [x, panels],
                    results: [y],
                    attributes: [
                        "packing": .string(packing.rawValue), "group": .integer(layout.group),
                        "features": .integer(features),
                    ]
                )
            )
        }
        program.addOutput(firstRowOf: y, width: features)
        let values = (0..<rows * inputs).map { Float($0 % 17) - 8 }
        return try seconds(program, [Tensor(values, [rows, inputs]), Tensor([Int32(0)], [1])]) / Double(copies)
    }

    /// Key heads of the attention that is timed.
    static let kvHeads = 2

    /// Seconds of attention of `rows` rows of one sequence over `context` tokens in f16, which `group` query heads for each key
    /// head attend to.
    func attention(rows: Int, context: Int, group: Int, headDim: Int) throws -> Double {
        let (kvHeads, heads, cache) = (Self.kvHeads, group * Self.kvHeads, ElementType.float16)
        let blockSize = 16
        let table = (context + blockSize - 1) / blockSize
        var program = Program(name: "attention", limits: ["rows": rows])
        let query = program.add(ValueType(.float32, ["rows", Extent(heads * headDim)]), .input(0))
        let row = CacheRow(headDim: headDim, elementType: cache)
        let type = ValueType(cache, [Extent(table), Extent(kvHeads), Extent(blockSize), Extent(row.elementCount)])
        let keys = program.add(type, .state(0))
        let values = program.add(type, .state(1))
        program.states = [ProgramState("keys", type), ProgramState("values", type)]
        let starts = program.add(ValueType(.int32, [2]), .input(1))
        let lengths = program.add(ValueType(.int32, [1]), .input(2))
        let tables = program.add(ValueType(.int32, [1, Extent(table)]), .input(3))
        program.inputs = [query, starts, lengths, tables]
        program.inputNames = ["query", "starts", "lengths", "tables"]
        let y = program.addResult(ValueType(.float32, ["rows", Extent(heads * headDim)]))
        program.steps = [
            ProgramStep(
                "paged_attention",
                [query, keys, values, starts, lengths, tables],
                results: [y],
                attributes: ["heads": .integer(heads), "scale": .float(0.1)]
            )
        ]
        program.addOutput(firstRowOf: y, width: heads * headDim)
        return try seconds(
            program,
            [
                Tensor([Float](repeating: 0.5, count: rows * heads * headDim), [rows, heads * headDim]),
                Tensor([0, Int32(rows)], [2]), Tensor([Int32(context)], [1]),
                Tensor((0..<table).map { Int32($0) }, [1, table]), Tensor([Int32(0)], [1]),
            ]
        )
    }

    /// Seconds of a kernel that has next to nothing to do: what it costs to begin one.
    func launch() throws -> Double {
        let count = 200
        var program = Program(name: "launches", limits: ["rows": 1])
        let type = ValueType(.float32, ["rows", 64])
        var x = program.add(type, .input(0))
        (program.inputs, program.inputNames) = ([x], ["x"])
        let weight = program.add(ValueType(.float32, [64]), .constant(0))
        program.constants = [ProgramConstant("weight", Tensor([Float](repeating: 1, count: 64), [64]))]
        for _ in 0..<count {
            let y = program.addResult(type)
            program.steps.append(
                ProgramStep("rms_norm", [x, weight], results: [y], attributes: ["epsilon": .float(1e-6)])
            )
            x = y
        }
        (program.outputs, program.outputNames) = ([x], ["y"])
        return try seconds(program, [Tensor([Float](repeating: 1, count: 64), [1, 64])]) / Double(count)
    }

    /// The median of some runs, as steps of models are measured.
    private func seconds(_ program: Program, _ inputs: [Tensor]) throws -> Double {
        let executable = try device.load(program, symbols: [:])
        var times: [Double] = []
        let end = ContinuousClock.now + duration
        repeat {
            let start = ContinuousClock.now
            _ = try executable.run(inputs)
            times.append((ContinuousClock.now - start) / .seconds(1))
        } while times.count < 5 || .now < end
        return times.sorted()[times.count / 2]
    }

    /// A tensor of memory that has been written: pages that never were are all the same one.
    private static func tensor(_ type: TensorType) -> Tensor {
        var tensor = MutableTensor(type)
        tensor.withMutableBytes { bytes in
            for index in bytes.indices { bytes[index] = 0x2C }
        }
        return tensor.freeze()
    }
}

extension Program {
    fileprivate mutating func add(_ type: ValueType, _ place: ProgramValue.Place) -> Int {
        values.append(ProgramValue(type, place))
        return values.count - 1
    }

    /// Gives back one row alone, as a model does: the memory of outputs is new in each run, and costs time.
    fileprivate mutating func addOutput(firstRowOf value: Int, width: Int) {
        let row = add(ValueType(.int32, [1]), .input(inputs.count))
        inputs.append(row)
        inputNames.append("row")
        let y = addResult(ValueType(.float32, [1, Extent(width)]))
        steps.append(ProgramStep("gather", [value, row], results: [y], attributes: ["axis": .integer(0)]))
        (outputs, outputNames) = ([y], ["y"])
    }

    /// A value with a place of its own in the arena.
    fileprivate mutating func addResult(_ type: ValueType) -> Int {
        let value = add(type, .arena(offset: arenaByteCount))
        arenaByteCount += ((type.bound(limits)?.byteCount ?? 0) + 63) / 64 * 64
        return value
    }
}
