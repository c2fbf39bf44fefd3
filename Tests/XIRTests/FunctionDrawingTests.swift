import Tensors
import Testing
import XIR

@Suite struct FunctionDrawingTests {
    @Test func everyOperationIsABoxAndTextIsEscaped() throws {
        var builder = FunctionBuilder("a<b")
        let x = builder.input("x", ValueType(.float32, ["tokens", 4]))
        let y = try builder.value("silu", [x])
        builder.result("y", try builder.value("add", [x, y]))
        let svg = FunctionDrawing(builder.function).svg
        #expect(svg.split(separator: "<rect x=").count == 5)
        #expect(svg.contains("<title>a&lt;b</title>"))
        // The head of arrows is one too.
        #expect(svg.split(separator: "<path").count == 6)
        #expect(svg.split(separator: "marker-end=").count == 5 && svg.contains("viewBox=\"0 0 "))
    }

    /// A function with layers, each of which reads its own weight, its own state, and a value that all of them read.
    private func layered(_ count: Int, last: String = "silu") throws -> Function {
        var builder = FunctionBuilder("layers")
        let x = builder.input("x", ValueType(.float32, ["tokens", 4]))
        let shared = try builder.value("exp", [x])
        var y = try builder.value("neg", [x])
        for layer in 0..<count {
            let weight = builder.constant("weight.\(layer)", TensorType(.float32, [4]))
            let scaled = try builder.value("mul", [y, weight])
            let turned = try builder.value(layer == count - 1 ? last : "silu", [scaled])
            y = try builder.value("add", [turned, shared])
        }
        builder.result("y", try builder.value("exp", [y]))
        return builder.function
    }

    @Test func ofEqualLayersTheFirstIsDrawn() throws {
        let svg = FunctionDrawing(try layered(24)).svg
        #expect(svg.contains("24 equal layers"))
        #expect(svg.split(separator: "font-weight=\"bold\">mul<").count == 2)
        #expect(svg.contains("weight.0: f32[4]") && !svg.contains("weight.1:"))
        // x, exp, neg, a layer of three, exp, y.
        #expect(svg.split(separator: "font-weight=\"bold\">").count == 9)
        // A layer that does something else is drawn.
        let other = FunctionDrawing(try layered(24, last: "exp")).svg
        #expect(other.contains("23 equal layers") && other.contains("weight.23: f32[4]"))
    }

    /// Layers that do the same to different values are not equal.
    @Test func whatReadsElsewhereIsNoLayer() throws {
        var builder = FunctionBuilder("reads")
        let x = builder.input("x", ValueType(.float32, ["tokens", 4]))
        var values = [x]
        for index in 0..<6 { values.append(try builder.value("add", [values[index], values[index / 2]])) }
        builder.result("y", values[6])
        let svg = FunctionDrawing(builder.function).svg
        #expect(svg.split(separator: "font-weight=\"bold\">add<").count == 7)
    }
}
