import KongurTesting
import Tensors
import Testing
import XIR

@Suite struct TextTests {
    /// A module with one of everything that text can say.
    private static func everything() throws -> Module {
        var builder = FunctionBuilder("step 1")
        let x = builder.input("x", ValueType(.float32, ["tokens", 4]))
        let past = builder.input("past", ValueType(.int64, ["past" + "tokens" * 2 - 3, Extent(symbol: "a symbol")]))
        let cache = builder.state("cache", ValueType(.bfloat16, ["blocks", 1, 2, 4]))
        let slots = builder.input("slots", ValueType(.int32, ["tokens"]))
        let weight = builder.constant("a weight", TensorType(.float16, [2, 4]))
        let first = try builder.value("linear", [x, weight], named: "y")
        let second = try builder.value("neg", [first], named: "y")
        let third = try builder.value("cast", [second], ["to": .elementType(.int8)], named: "%odd \"name\"\n")
        _ = try builder.value("cache_write", [cache, x, slots], named: "cache")
        let mean = try builder.value("reduce_mean", [x], ["axes": .integers([-1]), "keep": .bool(false)])
        let flat = try builder.value("reshape", [x], ["shape": .extents(["tokens" * 4])], named: "12")
        let length = try builder.value("extent", [], ["value": .extents(["past"])])
        let norm = try builder.append(
            "add_rms_norm",
            [x, x, builder.constant("norm", TensorType(.float32, [4]))],
            ["epsilon": .float(1e-6)]
        )
        builder.result("result", third)
        builder.result("a \\ result", mean)
        builder.result("flat", flat)
        builder.result("length", length)
        builder.result("norm", norm[1])
        _ = past
        var function = builder.function
        function.renumber()
        let half = try Tensor(
            TensorType(.float16, [2, 4]),
            storage: Tensor(
                [0x3C00_0001, 0x7E00_FC00, 0x7E01_8000, 0x3555_7BFF].map { Int32(truncatingIfNeeded: $0) },
                [4]
            ).storage
        )
        return Module(
            functions: [function, Function("empty")],
            constants: [
                "a weight": .tensor(half),
                "norm": .tensor(Tensor([0.1, -0.0, .infinity, Float(bitPattern: 0x7FC0_0001)], [4])),
                "ids": .tensor(Tensor([Int64.min, Int64.max], [2])),
                "flags": .tensor(Tensor([true, false], [2, 1])),
                "scalar": .tensor(Tensor([3.4028235e38] as [Float], [])),
                "none": .tensor(Tensor([] as [Int32], [0, 5])),
                "large": .external(TensorType(.int8, [1000, 1000])),
            ],
            metadata: ["context_length": "32", "a note": "tab\tand \u{1}, “quotes” \"\\"]
        )
    }

    @Test func readsBackExactly() throws {
        let module = try Self.everything()
        try module.verify()
        let text = module.text
        let read = try Module(parsing: text)
        #expect(read == module)
        #expect(read.text == text)
        #expect(text.contains("%y#1 = neg(%y) : f32[tokens, 2]"))
    }

    @Test func largeConstantsComeFromOutside() throws {
        let values = Tensor((0..<65).map { Float($0) }, [65])
        let module = Module(constants: ["w": .tensor(values)])
        #expect(module.text.contains("constant @w : f32[65] = external"))
        #expect(try Module(parsing: module.text).constants["w"] == .external(values.type))
        #expect(try Module(parsing: module.text) { name, _ in name == "w" ? values : nil } == module)
        #expect(throws: XIRError.self) { try Module(parsing: module.text) { _, _ in Tensor([1] as [Float], [1]) } }
    }

    @Test(arguments: [ElementType.float16, .bfloat16])
    func everyHalfIsExact(_ type: ElementType) throws {
        for start in stride(from: 0, to: 1 << 16, by: 64) {
            let words = stride(from: start, to: start + 64, by: 2).map {
                Int32(truncatingIfNeeded: $0 | ($0 + 1) << 16)
            }
            let tensor = try Tensor(TensorType(type, [64]), storage: Tensor(words, [32]).storage)
            let module = Module(constants: ["w": .tensor(tensor)])
            #expect(try Module(parsing: module.text) == module)
        }
    }

    @Test(arguments: [
        ("", "line 1, column 1: expected 'module', found the end of the text"),
        (
            "module\nfunktion @f",
            "line 2, column 1: expected 'constant', 'function' or the end of the text, found 'funktion'"
        ),
        ("module {a = 1}", "line 1, column 13: expected a string in quotation marks, found '1'"),
        ("module {a = \"1\", a = \"2\"}", "line 1, column 18: 'a' stands here twice"),
        ("module {é = \"1\"}", "line 1, column 9: there is no such character"),
        ("module // é\n{\"é\" = 1}", "line 2, column 8: expected a string"),
        ("module {a = \"1", "line 1, column 13: a string without its closing quotation mark"),
        ("module {a = \"\\q\"}", "line 1, column 15: after '\\' stand"),
        ("module constant @w : f32[2] = [1]", "line 1, column 31: f32[2] has 2 elements, but here are 1"),
        ("module constant @w : i8[1] = [200]", "line 1, column 31: expected an element of type i8, found '200'"),
        ("module constant @w : f16[1] = [1e6]", "expected an element of type f16"),
        (
            "module constant @w : f32[n] = external",
            "line 1, column 22: the type of a constant has lengths that are numbers"
        ),
        ("module constant @w : f32[9000000000, 9000000000] = [1]", "fit in memory"),
        ("module constant @w : f32[] = [1] constant @w : f32[] = [1]", "constant 'w' is there twice"),
        ("module constant @w : f64[] = [1]", "expected a type (f32,"),
        ("module constant @w : f32[] = [1x]", "a number runs into a word"),
        ("module function @f() { return a = %b }", "line 1, column 35: '%b' is not defined above"),
        ("module function @f() { %a = g(%a) : f32[] return }", "'%a' is not defined above"),
        ("module function @f(input %a : f32[], input %a : f32[]) { return }", "'%a' is defined twice"),
        ("module function @f(output %a : f32[]) { return }", "expected 'input' or 'state', found 'output'"),
        ("module function @f() { %0, %1 = g : f32[] return }", "expected ',', found 'return'"),
        ("module function @f() { %0 = g {a = 99999999999999999999} : f32[] return }", "a number that fits in 64 bits"),
        ("module function @f() { %0 = g {a = 1, a = 2} : f32[] return }", "attribute 'a' stands here twice"),
        ("module function @f() { %0 = g : f32[a*2] return }", "expected ']', found '*'"),
        ("module function @f() {", "expected an operation or 'return', found the end of the text"),
        ("module function @f() { %1a = g : f32[] return }", "'%1a' is neither a number nor a name"),
    ])
    func mistakesHaveAPlace(_ text: String, _ message: String) {
        let error = #expect(throws: XIRError.self) { try Module(parsing: text) }
        #expect(error?.code == .syntax)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    /// Damaged text is refused or means something else, but never ends the program, and what is read prints stably.
    @Test func damagedTextNeverTraps() throws {
        let original = Array(try Self.everything().text.utf8)
        var random = SeededGenerator(1)
        let alphabet = Array("%@#\"\\(){}[],:=+-*0159.ex_ \nfalsef32i64".utf8)
        var readable = 0
        for _ in 0..<3000 {
            var bytes = original
            for _ in 0..<random.next(below: 4) + 1 {
                let place = random.next(below: bytes.count)
                switch random.next(below: 5) {
                case 0: bytes[place] = UInt8(random.next(below: 256))
                case 1: bytes[place] = alphabet[random.next(below: alphabet.count)]
                case 2: bytes.insert(alphabet[random.next(below: alphabet.count)], at: place)
                case 3: bytes.removeSubrange(place..<min(bytes.count, place + random.next(below: 9) + 1))
                default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 30)], at: place)
                }
                if bytes.isEmpty { break }
            }
            guard let module = try? Module(parsing: String(decoding: bytes, as: UTF8.self)) else { continue }
            readable += 1
            _ = module.diagnostics()
            let text = module.text
            #expect(try Module(parsing: text).text == text)
        }
        #expect(readable > 30)
    }
}
