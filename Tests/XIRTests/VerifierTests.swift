import Tensors
import Testing
import XIR

/// What text cannot say; the other rules are in `Golden/invalid`.
@Suite struct VerifierTests {
    @Test func valuesAreDefinedOnceAndBeforeUse() throws {
        var builder = FunctionBuilder("main")
        let x = builder.input("x", ValueType(.float32, [2]))
        let y = try builder.value("neg", [x])
        let z = try builder.value("abs", [y])
        builder.result("z", z)
        try builder.function.verify([:])

        var swapped = builder.function
        swapped.operations.swapAt(0, 1)
        #expect(swapped.diagnostics([:]).map(\.rule) == [3])
        #expect(swapped.diagnostics([:]).first?.operation == 0)

        var twice = builder.function
        twice.operations[1].results = [y]
        twice.results[0].value = y
        #expect(twice.diagnostics([:]).map(\.rule) == [3])

        var outside = builder.function
        outside.operations[1].operands = [ValueID(-7)]
        outside.results[0].value = ValueID(99)
        #expect(outside.diagnostics([:]).map(\.rule) == [3, 9])
        // A broken function still prints.
        #expect(outside.text.contains("undefined"))
    }

    @Test func allDiagnosticsAreCollectedAndTheMessageIsShort() throws {
        var function = Function("main")
        for _ in 0..<30 {
            function.operations.append(Operation("wrong", [], results: [function.makeValue(ValueType(.float32, []))]))
        }
        #expect(function.diagnostics([:]).count == 30)
        let error = #expect(throws: XIRError.self) { try function.verify([:]) }
        #expect(error?.code == .verification)
        #expect(error?.message.split(separator: "\n").count == 11)
        #expect(error?.message.hasSuffix("and 20 more") == true)
    }

    @Test func oneStateIsNotUpdatedTwiceByOneOperation() throws {
        var builder = FunctionBuilder("main")
        let cache = builder.state("cache", ValueType(.float32, ["blocks", 1, 2, 2]))
        let qkv = builder.input("qkv", ValueType(.float32, ["tokens", 6]))
        let rows = builder.input("rows", ValueType(.int32, ["tokens"]))
        let frequencies = builder.input("frequencies", ValueType(.float32, [1]))
        try builder.append(
            "rotary_cache_write",
            [qkv, rows, rows, frequencies, cache, cache],
            ["heads": .integer(1), "scale": .float(1)]
        )
        #expect(builder.function.diagnostics([:]).contains { $0.rule == 7 })
    }
}
