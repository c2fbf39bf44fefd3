import Tensors
import Testing
import XIR
import XIRCompiler

@Suite struct LegalizeForKunlunTests {
    @Test func everyMissingOperationIsNamed() throws {
        var module = try Module(
            parsing: """
                module {}

                function @step(input %x : f32[tokens, 4]) {
                    %a = softmax(%x) {axis = 1} : f32[tokens, 4]
                    %b = exp(%a) : f32[tokens, 4]
                    %c = exp(%b) : f32[tokens, 4]
                    return logits = %c
                }
                """
        )
        let failure = #expect(throws: CompilerError.self) {
            _ = try LegalizeForKunlun(widestProduct: 8).run(on: &module)
        }
        #expect(failure?.code == .unsupportedOperation)
        let message = try #require(failure?.message)
        #expect(message.contains("'softmax'") && message.contains("'exp'"))
        #expect(message.components(separatedBy: "'exp'") == 2)
    }

    /// The largest magnitude of a row becomes 127 exactly, halves go to even, and a row of zeros stays.
    @Test func wholeRowsShareAScale() throws {
        let matrix = Tensor([127, 2.5, 3.5, -63.5, 0, 0, 0, 0, -0.5, 0.25, 0.125, 0], [3, 4])
        let module = Module(constants: ["w": .tensor(matrix)])
        var quantized = module
        quantized.functions = [try Self.product(of: matrix)]
        let outcome = try QuantizeWeights(bits: 8, group: nil, smooths: false).run(on: &quantized)
        #expect(outcome.rewrites == 1)
        let numbers = try #require(quantized.constants["w.numbers"]?.tensor)
        let scales = try #require(quantized.constants["w.scales"]?.tensor)
        #expect(numbers.integers == [127, 2, 4, -64, 0, 0, 0, 0, -127, 64, 32, 0])
        #expect(scales.type == TensorType(.float32, [3, 1]))
        #expect(scales.floats == [1, 0, 0.5 / 127])
    }

    private static func product(of matrix: Tensor) throws -> Function {
        var builder = FunctionBuilder("step")
        let x = builder.input("x", ValueType(.float32, ["tokens", 4]))
        let weight = builder.constant("w", matrix.type)
        builder.result("logits", try builder.value("linear", [x, weight]))
        return builder.function
    }
}

extension String {
    fileprivate func components(separatedBy text: String) -> Int {
        var (count, rest) = (1, self[...])
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
