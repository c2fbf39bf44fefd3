import DeviceRuntime
import KongurTesting
import ReferenceBackend
import Tensors
import Testing
import XIR

@testable import CPUBackend

@Suite struct KernelTableTests {
    /// One operation over inputs of the given types.
    private func program(
        _ operation: String,
        _ types: [ValueType],
        _ attributes: [String: Attribute] = [:]
    ) throws -> Program {
        var builder = FunctionBuilder("operation")
        let operands = types.enumerated().map { builder.input("x\($0)", $1) }
        for (index, result) in try builder.append(operation, operands, attributes).enumerated() {
            builder.result("y\(index)", result)
        }
        return makeProgram(builder.function, constants: [:], limits: ["tokens": 16])
    }

    private static let rows = ValueType(.float32, ["tokens", 10])

    @Test(
        arguments: [
            ("add", [rows, rows], [:]), ("sub", [rows, rows], [:]), ("mul", [rows, rows], [:]),
            ("div", [rows, rows], [:]),
            ("add", [rows, ValueType(.float32, [10])], [:]), ("mul", [rows, ValueType(.float32, [])], [:]),
            ("silu", [rows], [:]), ("exp", [rows], [:]),
            ("softmax", [rows], ["axis": .integer(-1)]),
            ("swiglu", [rows], [:]), ("swiglu", [rows, rows], [:]),
            ("rms_norm", [rows, ValueType(.bfloat16, [10])], ["epsilon": .float(1e-5)]),
            (
                "rms_norm", [ValueType(.float32, ["tokens", 3, 6]), ValueType(.float32, [6])],
                ["epsilon": .float(1e-5)]
            ),
            ("add_rms_norm", [rows, rows, ValueType(.float16, [10])], ["epsilon": .float(1e-5)]),
            ("linear", [rows, ValueType(.float16, [7, 10])], [:]),
            ("linear", [rows, ValueType(.float32, [7, 10]), ValueType(.bfloat16, [7])], [:]),
            ("linear", [ValueType(.float32, ["tokens", 2, 10]), ValueType(.bfloat16, [7, 10])], [:]),
            ("slice", [rows], ["axis": .integer(1), "start": .integers([2]), "end": .integers([9])]),
            ("slice", [rows], ["axis": .integer(0), "start": .integers([0]), "end": .extents(["tokens"])]),
            ("reshape", [rows], ["shape": .extents(["tokens", 2, 5])]),
            ("cast", [rows], ["to": .elementType(.bfloat16)]), ("cast", [rows], ["to": .elementType(.float16)]),
            ("cast", [ValueType(.float16, ["tokens", 3])], ["to": .elementType(.float32)]),
        ] as [(String, [ValueType], [String: Attribute])]
    )
    func agreesWithTheReference(operation: String, types: [ValueType], attributes: [String: Attribute]) throws {
        let program = try program(operation, types, attributes)
        for tokens in [1, 5, 16] {
            var samples = SeededGenerator(UInt64(tokens))
            let inputs = types.map { type in
                let bound = type.bound(["tokens": tokens]) ?? TensorType(.float32, [])
                return samples.tensor(bound.shape, bound.elementType, scale: 3)
            }
            let values = try CPUDevice(threads: 2).load(program, symbols: [:]).run(inputs)
            let expected = try ReferenceDevice().load(program, symbols: [:]).run(inputs)
            #expect(difference(values, expected) < 1e-5, "\(operation) of \(tokens)")
        }
    }

    @Test func rotaryTurnsHeadsByPosition() throws {
        let program = try program(
            "rotary",
            [ValueType(.float32, ["tokens", 3, 8]), ValueType(.int32, ["tokens"]), ValueType(.float32, [4])],
            ["scale": .float(1.5)]
        )
        var samples = SeededGenerator(1)
        let inputs = [
            samples.tensor([3, 3, 8]), Tensor([Int32(0), 11, 70_000], [3]), Tensor([Float(1), 0.1, 0.01, 0.001], [4]),
        ]
        let values = try CPUDevice(threads: 2).load(program, symbols: [:]).run(inputs)
        #expect(difference(values, try ReferenceDevice().load(program, symbols: [:]).run(inputs)) < 1e-5)
    }

    @Test func aStepWithoutAKernelIsNamedAtLoad() throws {
        let tanh = try program("tanh", [Self.rows])
        let integers = try program("add", [ValueType(.int32, ["tokens"]), ValueType(.int32, ["tokens"])])
        for (program, text) in [(tanh, "step 0 'tanh' (f32[tokens, 10])"), (integers, "step 0 'add'")] {
            let error = #expect(throws: DeviceError.self) { try CPUDevice(threads: 1).load(program, symbols: [:]) }
            #expect(error?.code == .unsupported && error?.message.contains(text) == true)
        }
    }

    @Test func aResultOnTopOfAnOperandIsRefused() throws {
        var builder = FunctionBuilder("overlap")
        let x = builder.input("x", Self.rows)
        let doubled = try builder.value("add", [x, x])
        builder.result("y", try builder.value("swiglu", [doubled]))
        var program = makeProgram(builder.function, constants: [:], limits: ["tokens": 16])
        program.values[program.outputs[0]].place = .arena(offset: 64)
        // As much as the operand alone: an arena of which no value needs the end is refused before.
        program.arenaByteCount = 16 * 10 * 4
        let error = #expect(throws: DeviceError.self) { try CPUDevice(threads: 1).load(program, symbols: [:]) }
        #expect(error?.message.contains("overlaps") == true)
    }
}
