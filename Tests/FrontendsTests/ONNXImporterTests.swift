import Frontends
import ONNX
import Tensors
import Testing
import XIR

@Suite struct ONNXImporterTests {
    private func module(_ nodes: [Node], _ initializers: [Initializer] = []) throws -> Module {
        let graph = Graph(
            name: "graph",
            nodes: nodes,
            initializers: initializers,
            inputs: [ValueInfo("x", .float32, ["batch", "sequence", 6])],
            outputs: [ValueInfo("y", .float32, nil)]
        )
        return try ONNXImporter.module(from: Model(operatorSets: ["": 17], graph: graph))
    }

    private func numbers(_ name: String, _ values: [Int64]) -> Initializer {
        Initializer(name, Tensor(values, [values.count]))
    }

    /// Shape, Gather, Concat and Reshape become one reshape with a symbolic shape.
    @Test func shapeArithmeticIsResolvedSymbolically() throws {
        let module = try module(
            [
                Node("Shape", ["x"], outputs: ["shape"]),
                Node("Gather", ["shape", "zero"], outputs: ["batch"]),
                Node("Slice", ["shape", "one", "two"], outputs: ["length"]),
                Node("Unsqueeze", ["batch", "zeroAxis"], outputs: ["batches"]),
                Node("Concat", ["batches", "length", "open"], outputs: ["target"], attributes: ["axis": .integer(0)]),
                Node("Reshape", ["x", "target"], outputs: ["y"]),
            ],
            [
                Initializer("zero", Tensor([0] as [Int64], [])), numbers("one", [1]), numbers("two", [2]),
                numbers("zeroAxis", [0]), numbers("open", [2, -1]),
            ]
        )
        let function = try #require(module.functions.first)
        #expect(function.operations.filter { $0.name != "constant" }.map(\.name) == ["reshape"])
        #expect(function.type(function.results[0].value).description == "f32[batch, sequence, 2, 3]")
    }

    @Test func unknownOperatorIsNamed() throws {
        let error = try #require(throws: FrontendError.self) {
            try module([Node("Mystery", ["x"], outputs: ["y"], name: "here")])
        }
        #expect(error.message.contains("here") && error.message.contains("Mystery"))
    }

    @Test func cycleIsRefused() throws {
        let error = try #require(throws: FrontendError.self) {
            try module([Node("Neg", ["z"], outputs: ["y"]), Node("Neg", ["y"], outputs: ["z"])])
        }
        #expect(error.message.contains("'z'"))
    }

    @Test func shapesThatDoNotFitAreRefused() throws {
        #expect(throws: FrontendError.self) {
            try module(
                [Node("MatMul", ["x", "w"], outputs: ["y"])],
                [Initializer("w", Tensor([1, 2] as [Float], [2, 1]))]
            )
        }
        #expect(throws: FrontendError.self) {
            try module([Node("Reshape", ["x", "s"], outputs: ["y"])], [numbers("s", [5, -1])])
        }
    }
}
