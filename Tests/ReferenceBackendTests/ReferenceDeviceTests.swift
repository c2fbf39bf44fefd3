import DeviceRuntime
import ReferenceBackend
import Tensors
import Testing
import XIR

@Suite struct ReferenceDeviceTests {
    /// Writes x into a cache and negates all that the cache holds.
    private static let program = Program(
        name: "write",
        values: [
            ProgramValue(ValueType(.float32, ["tokens", 2]), .input(0)),
            ProgramValue(ValueType(.int32, ["tokens"]), .input(1)),
            ProgramValue(ValueType(.float32, ["blocks", 1, 2, 2]), .state(0)),
            ProgramValue(ValueType(.float32, ["blocks", 1, 2, 2]), .arena(offset: 0)),
        ],
        inputs: [0, 1],
        outputs: [3],
        inputNames: ["x", "slots"],
        outputNames: ["y"],
        states: [ProgramState("cache", ValueType(.float32, ["blocks", 1, 2, 2]))],
        steps: [
            ProgramStep("cache_write", [2, 0, 1], results: [2]),
            ProgramStep("neg", [2], results: [3]),
        ],
        limits: ["tokens": 4, "blocks": 1],
        arenaByteCount: 64
    )

    @Test func statesStayBetweenRunsAndBeginAsNaN() throws {
        let executable = try ReferenceDevice().load(Self.program, symbols: ["blocks": 1])
        let first = try executable.run([Tensor([1, 2] as [Float], [1, 2]), Tensor([1] as [Int32], [1])])[0].floats
        #expect(first[0].isNaN && first[1].isNaN)
        #expect(Array(first[2...]) == [-1, -2])
        let second = try executable.run([Tensor([3, 4] as [Float], [1, 2]), Tensor([0] as [Int32], [1])])[0].floats
        #expect(second == [-3, -4, -1, -2])
    }

    @Test func twoExecutablesDoNotShareStates() throws {
        let device = ReferenceDevice()
        let (left, right) = (
            try device.load(Self.program, symbols: ["blocks": 1]), try device.load(Self.program, symbols: ["blocks": 1])
        )
        _ = try left.run([Tensor([1, 2, 3, 4] as [Float], [2, 2]), Tensor([0, 1] as [Int32], [2])])
        let output = try right.run([Tensor([5, 6] as [Float], [1, 2]), Tensor([-1] as [Int32], [1])])[0].floats
        #expect(output.count { $0.isNaN } == 4)
    }

    @Test func slotOutsideTheCacheIsRefused() throws {
        let executable = try ReferenceDevice().load(Self.program, symbols: ["blocks": 1])
        let error = #expect(throws: DeviceError.self) {
            try executable.run([Tensor([1, 2] as [Float], [1, 2]), Tensor([2] as [Int32], [1])])
        }
        #expect(error?.message == "cache_write: slot 2 of 2")
    }

    @Test func stateWithoutASizeIsRefused() {
        let error = #expect(throws: DeviceError.self) { try ReferenceDevice().load(Self.program, symbols: [:]) }
        #expect(error?.code == .invalidInput)
    }
}
