import DeviceRuntime
import ReferenceBackend
import Tensors
import Testing
import XIR

@Suite struct InterpreterTests {
    @Test func everyOperationOfTheTableHasAMeaning() {
        let missing = OperationTable.standard.definitions.map(\.name).filter { !Interpreter.knows($0) }
        #expect(missing == [])
    }

    @Test func outOfRangeIndexNamesTheOperation() throws {
        let error = #expect(throws: DeviceError.self) {
            try Interpreter.evaluate(
                Operation("embedding", [], results: []),
                [Tensor([0, 3] as [Int32], [2]), Tensor([1, 2, 3] as [Float], [3, 1])],
                resultTypes: [TensorType(.float32, [2, 1])],
                symbols: [:],
                constants: [:]
            )
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.hasPrefix("embedding: ") == true)
    }

    @Test func operandsThatDoNotFitAreRefused() throws {
        let error = #expect(throws: DeviceError.self) {
            try Interpreter.evaluate(
                Operation("add", [], results: []),
                [Tensor([0, 3] as [Int32], [2]), Tensor([1, 2, 3] as [Float], [3])],
                resultTypes: [TensorType(.float32, [3])],
                symbols: [:],
                constants: [:]
            )
        }
        #expect(error?.message.contains("C1") == true)
    }

    @Test func symbolsAreSolvedFromSums() throws {
        var builder = FunctionBuilder("main")
        let past = builder.input("past", ValueType(.float32, ["batch", "past" + "sequence"]))
        let ids = builder.input("ids", ValueType(.int64, ["batch", "sequence"]))
        let length = try builder.value("extent", [], ["value": .extents(["past"])])
        builder.result("length", length)
        let module = Module(functions: [builder.function])
        try module.verify()
        let inputs = [Tensor([Float](repeating: 0, count: 10), [2, 5]), Tensor([0, 0] as [Int64], [2, 1])]
        #expect(try Interpreter.run(module, function: "main", inputs: inputs).results == [Tensor([4] as [Int64], [])])
        #expect(throws: DeviceError.self) {
            try Interpreter.run(
                module,
                function: "main",
                inputs: [Tensor([0, 0] as [Float], [2, 1]), Tensor([0, 0, 0, 0] as [Int64], [2, 2])]
            )
        }
        _ = (past, ids)
    }

    @Test func statesComeBackUpdated() throws {
        var builder = FunctionBuilder("main")
        let cache = builder.state("cache", ValueType(.float32, ["blocks", 1, 2, 2]))
        let x = builder.input("x", ValueType(.float32, ["tokens", 2]))
        let slots = builder.input("slots", ValueType(.int32, ["tokens"]))
        _ = try builder.value("cache_write", [cache, x, slots])
        let module = Module(functions: [builder.function])
        try module.verify()
        let run = try Interpreter.run(
            module,
            function: "main",
            inputs: [Tensor([1, 2, 3, 4, 5, 6] as [Float], [3, 2]), Tensor([3, -1, 0] as [Int32], [3])],
            states: [Tensor([Float](repeating: 0, count: 8), [2, 1, 2, 2])]
        )
        #expect(run.states == [Tensor([5, 6, 0, 0, 0, 0, 1, 2] as [Float], [2, 1, 2, 2])])
    }
}
