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
        #expect(svg.split(separator: "<path").count == 5)
    }
}
