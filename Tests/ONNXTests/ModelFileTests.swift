import Foundation
import ONNX
import Tensors
import Testing

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")) }

    func write(_ name: String, _ data: Data) throws {
        try data.write(to: URL(fileURLWithPath: "\(path)/\(name)"), options: .atomic)
    }
}

@Suite struct ModelFileTests {
    static func model() -> Model {
        let weight = Tensor((0..<600).map { Float($0) / 7 }, [20, 30])
        let bias = Tensor([1, -2, 3] as [Int64], [3])
        let inner = Graph(
            name: "inner",
            nodes: [Node("Identity", ["x"], outputs: ["inner.y"])],
            outputs: [ValueInfo("inner.y", .float32, nil)]
        )
        let attributes: [String: Attribute] = [
            "f": .float(-1.5), "i": .integer(0), "s": .string("é"), "fs": .floats([1, 2]),
            "is": .integers([-1, 1 << 40]),
            "ss": .strings(["a", ""]), "t": .tensor(Tensor([true, false], [2])), "g": .graph(inner),
        ]
        return Model(
            producerName: "kongur",
            operatorSets: ["": 17, "com.example": 1],
            graph: Graph(
                name: "main",
                nodes: [
                    Node("MatMul", ["x", "weight"], outputs: ["y"], name: "first"),
                    Node("Odd", ["y", "", "bias"], outputs: ["z"], domain: "com.example", attributes: attributes),
                ],
                initializers: [Initializer("weight", weight), Initializer("bias", bias)],
                inputs: [ValueInfo("x", .float32, ["batch", 20])],
                outputs: [ValueInfo("z", .float16, [.unknown, 30])]
            ),
            metadata: ["a": "1", "b": ""]
        )
    }

    @Test func comesBackAsItWas() throws {
        let folder = try TemporaryFolder()
        let model = Self.model()
        try ModelWriter().write(model, to: "\(folder.path)/model.onnx")
        #expect(try folder.bytes("model.onnx.data").count == 2400)
        #expect(try ModelReader().read(path: "\(folder.path)/model.onnx") == model)
        // Again over the old one, and without a data file's help.
        try ModelWriter(externalByteCount: .max).write(model, to: "\(folder.path)/other.onnx")
        #expect(try ModelReader().read(path: "\(folder.path)/other.onnx") == model)
        try ModelWriter().write(model, to: "\(folder.path)/model.onnx")
        #expect(try ModelReader().read(path: "\(folder.path)/model.onnx") == model)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["model.onnx", "model.onnx.data", "other.onnx"])
    }

    @Test func canLeaveWeightsWhereTheyAre() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.onnx"
        try ModelWriter().write(Self.model(), to: path)
        try FileManager.default.removeItem(atPath: path + ".data")
        let model = try ModelReader(mapsExternalData: false).read(path: path)
        let data = ExternalData(location: "model.onnx.data", offset: 0, byteCount: 2400)
        #expect(model.graph.initializers[0] == Initializer("weight", data, TensorType(.float32, [20, 30])))
        let error = #expect(throws: ONNXError.self) { try ModelReader().read(path: path) }
        #expect(error?.code == .fileNotReadable)
        #expect(error?.message.contains("model.onnx: initializer 'weight'") == true, "\(error?.message ?? "")")
    }

    @Test func refusesFilesThatAreCutOff() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.onnx"
        try ModelWriter().write(Self.model(), to: path)
        let whole = try folder.bytes("model.onnx")
        for count in [0, 1, 10, whole.count / 2, whole.count - 1] {
            try folder.write("model.onnx", whole.prefix(count))
            let error = #expect(throws: ONNXError.self) { try ModelReader().read(path: path) }
            #expect(error?.message.hasPrefix(path) == true)
        }
        try folder.write("model.onnx", whole)
        try folder.write("model.onnx.data", folder.bytes("model.onnx.data").dropLast())
        let error = #expect(throws: ONNXError.self) { try ModelReader().read(path: path) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("weight") == true)
    }

    @Test(arguments: ["../secret", "/etc/passwd", "a/../../b", "", ".", "a//b", "a\0b"])
    func externalDataStaysInItsFolder(_ location: String) throws {
        #expect(!ExternalData.isInside(location))
    }

    @Test func refusesALocationOutsideTheFolder() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.onnx"
        try ModelWriter().write(Self.model(), to: path)
        var bytes = try folder.bytes("model.onnx")
        let range = try #require(bytes.range(of: Data("model.onnx.data".utf8)))
        bytes.replaceSubrange(range, with: Data("../../etc/hosts".utf8))
        try folder.write("model.onnx", bytes)
        let error = #expect(throws: ONNXError.self) { try ModelReader().read(path: path) }
        #expect(error?.message.contains("not a file inside the model's folder") == true, "\(error?.message ?? "")")
    }

    @Test func refusesNamesThatDoNotAddUp() throws {
        func expectRefusal(_ reason: String, _ change: (inout Graph) -> Void) throws {
            let folder = try TemporaryFolder()
            var model = Self.model()
            change(&model.graph)
            let error = #expect(throws: ONNXError.self) {
                try ModelWriter().write(model, to: "\(folder.path)/model.onnx")
            }
            #expect(error?.code == .malformed)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
        try expectRefusal("round in a circle") { $0.nodes.swapAt(0, 1) }
        try expectRefusal("nothing defines") { $0.nodes[0].inputs[0] = "q" }
        try expectRefusal("a second time") { $0.nodes[1].outputs[0] = "y" }
        try expectRefusal("two initializers") { $0.initializers[1].name = "weight" }
        try expectRefusal("two inputs") { $0.inputs.append($0.inputs[0]) }
        try expectRefusal("nothing defines the output") { $0.outputs[0].name = "q" }
    }

    /// Whatever bytes change, reading gives a model or an error.
    @Test func changedBytesNeverCrash() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.onnx"
        try ModelWriter().write(Self.model(), to: path)
        let whole = try folder.bytes("model.onnx")
        for _ in 0..<1000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3) { bytes[Int.random(in: 0..<bytes.count)] = UInt8.random(in: 0...255) }
            try folder.write("model.onnx", bytes)
            guard let model = try? ModelReader().read(path: path) else { continue }
            for initializer in model.graph.initializers { _ = initializer.tensor?.floats }
        }
    }

    @Test func nestedGraphsHaveALimit() throws {
        let folder = try TemporaryFolder()
        var graph = Graph(name: "leaf")
        for depth in 0..<400 {
            let node = Node("If", [], outputs: ["y\(depth)"], attributes: ["then_branch": .graph(graph)])
            graph = Graph(name: "level", nodes: [node])
        }
        let path = "\(folder.path)/model.onnx"
        try ModelWriter().write(Model(operatorSets: ["": 17], graph: graph), to: path)
        let error = #expect(throws: ONNXError.self) { try ModelReader().read(path: path) }
        #expect(error?.code == .malformed)
    }
}
