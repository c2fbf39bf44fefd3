import Frontends
import ONNX
import Tensors
import Testing
import XIR

/// The logits of a decoder are found whatever the exporter calls them.
@Suite struct DecoderOutputsTests {
    /// Ids to an embedding of 8 rows, and that times a matrix to the given outputs.
    private func module(_ outputs: [String], hidden: [String] = [], width: Int = 8, cast: Bool = false) throws -> Module
    {
        var nodes = [Node("Gather", ["table", "input_ids"], outputs: ["embedded"])]
        for name in hidden { nodes.append(Node("Identity", ["embedded"], outputs: [name])) }
        for name in outputs {
            nodes.append(Node("MatMul", ["embedded", "head"], outputs: [cast ? name + ".product" : name]))
            if cast { nodes.append(Node("Identity", [name + ".product"], outputs: [name])) }
        }
        let graph = Graph(
            name: "graph",
            nodes: nodes,
            initializers: [
                Initializer("table", Tensor([Float](repeating: 1, count: 32), [8, 4])),
                Initializer("head", Tensor([Float](repeating: 1, count: 4 * width), [4, width])),
            ],
            inputs: [ValueInfo("input_ids", .int64, ["batch", "sequence"])],
            outputs: (hidden + outputs).map { ValueInfo($0, .float32, nil) }
        )
        return try ONNXImporter.module(from: Model(operatorSets: ["": 17], graph: graph))
    }

    private func type(_ module: Module) throws -> String? {
        let function = try #require(module.functions.first)
        return function.results.first { $0.name == "logits" }.map { function.type($0.value).description }
    }

    @Test(arguments: ["logits", "output", "lm_head/MatMul_output_0", "1234"]) func oneOutput(_ name: String) throws {
        #expect(try type(module([name])) == "f32[batch, sequence, 8]")
        #expect(try type(module([name], cast: true)) == "f32[batch, sequence, 8]")
        #expect(try type(module([name], width: 11)) == "f32[batch, sequence, 11]")
    }

    @Test func amongOthers() throws {
        #expect(
            try type(module(["scores"], hidden: ["last_hidden_state", "hidden_states.0"])) == "f32[batch, sequence, 8]"
        )
        // A vocabulary that is padded in the head: the product it is, and not the hidden states.
        #expect(try type(module(["y"], hidden: ["x"], width: 16)) == "f32[batch, sequence, 16]")
        #expect(try type(module(["a", "the_logits"])) == "f32[batch, sequence, 8]")
    }

    @Test func whatIsAmbiguousIsSaid() throws {
        let error = try #require(throws: FrontendError.self) { try module(["a", "b"]) }
        #expect(error.message.contains("'a' and 'b' may both be the logits"))
        let none = try #require(throws: FrontendError.self) { try module([]) }
        #expect(none.message.contains("no output has the form of logits"))
    }
}
