import DeviceRuntime
import Foundation
import Tensors
import Testing
import XIR

/// Programs from elsewhere: what could read or write outside its memory is refused before anything runs.
@Suite struct ProgramValidationTests {
    private let most = Int.max

    /// Adds an intermediate value that a step makes; it fits the arena at the limits.
    private func add(
        _ type: ValueType,
        to program: inout Program,
        _ operation: String,
        _ operands: [Int],
        _ attributes: [String: Attribute]
    ) {
        let offset = (program.arenaByteCount + 63) / 64 * 64
        program.values.append(ProgramValue(type, .arena(offset: offset)))
        program.arenaByteCount = offset + (type.bound(program.limits)?.byteCount ?? 0)
        let step = ProgramStep(operation, operands, results: [program.values.count - 1], attributes: attributes)
        program.steps.append(step)
    }

    private func refusal(_ program: Program, _ symbols: [String: Int] = [:]) -> String {
        let error = #expect(throws: DeviceError.self) { try program.validate(symbols) }
        #expect(error?.code == .invalidProgram)
        return error?.message ?? ""
    }

    @Test func aSoundModelIsTaken() throws {
        try stepModel().program.validate()
        try stepModel().program.validate([StepProgram.cacheBlocks: 1000])
        try stepModel().validate()
    }

    /// A program that slices a table of five rows.
    private func slicing(_ start: String, _ end: String) throws -> Program {
        var program = stepModel().program
        let (start, end) = (try #require(Extent(parsing: start)), try #require(Extent(parsing: end)))
        add(
            ValueType(.float32, [end - start, 2]),
            to: &program,
            "slice",
            [9],
            ["axis": .integer(0), "start": .extents([start]), "end": .extents([end])]
        )
        return program
    }

    /// Ranges that leave their axis for some inputs, or lengths that are largest for few tokens.
    @Test(arguments: [
        ("0", "-2*tokens+17"), ("0", "-100*tokens+801"), ("tokens", "9"), ("tokens-1", "tokens"), ("-1", "1"),
        ("3", "2"), ("0", "6"), ("0", "tokens"), ("sequences", "5"), ("0", "2*sequences+2"), ("0", "cache_blocks"),
        ("0", "nothing"),
    ])
    func slicesOutsideTheirAxisAreRefused(start: String, end: String) throws {
        _ = refusal(try slicing(start, end))
    }

    @Test(arguments: [("0", "5"), ("1", "2"), ("sequences", "sequences+1"), ("0", "2*sequences+1")])
    func slicesWithinTheirAxisAreTaken(start: String, end: String) throws {
        try slicing(start, end).validate()
    }

    /// Lengths by which a product of lengths, or of a length and a number, would wrap around to a small one.
    @Test(arguments: [
        [Extent(1 << 32), Extent(1 << 32)], [Extent(1 << 62), 4], [0, Extent(1 << 40), Extent(1 << 40)], [-1],
        [-5, -2],
        [Extent(symbol: "tokens") * (1 << 39), Extent(1 << 25)], [Extent(symbol: "tokens") * -1],
        [Extent(symbol: "tokens") - 1], [Extent(.min)], [Extent(.max)], [Extent(symbol: "tokens") * .min],
        Array(repeating: 2, count: 70),
    ])
    func lengthsThatWrapAroundAreRefused(extents: [Extent]) {
        for element in [ElementType.float32, .uint8] {
            for place in [ProgramValue.Place.arena(offset: 0), .constant(0), .input(0), .state(0)] {
                var program = stepModel().program
                program.values.append(ProgramValue(ValueType(element, extents), place))
                _ = refusal(program)
                program.limits["tokens"] = Int(Int32.max)
                _ = refusal(program)
            }
            var program = stepModel().program
            program.states.append(ProgramState("more", ValueType(element, extents)))
            _ = refusal(program)
            var reshaped = stepModel().program
            reshaped.values.append(ProgramValue(ValueType(.float32, extents), .arena(offset: 0)))
            reshaped.steps.append(
                ProgramStep("reshape", [13], results: [22], attributes: ["shape": .extents(extents)])
            )
            _ = refusal(reshaped)
        }
    }

    @Test func limitsAndTheArenaHaveRanges() {
        for limit in [0, -1, Int(Int32.max) + 1, most, .min] {
            for symbol in ["tokens", "sequences", "outputs", "table", "other"] {
                var program = stepModel().program
                program.limits[symbol] = limit
                #expect(refusal(program).contains("limits.\(symbol)"))
            }
        }
        for size in [-1, 0, 591, 641, 1 << 30, 1 << 50, most, .min] {
            var program = stepModel().program
            program.arenaByteCount = size
            #expect(refusal(program).contains("arena"))
        }
        for offset in [-64, 1, 63, 640, 1 << 40, most, .min, most / 64 * 64] {
            var program = stepModel().program
            program.values[13].place = .arena(offset: offset)
            _ = refusal(program)
        }
        for symbol in ["tokens", "outputs", "sequences", "table"] {
            var program = stepModel().program
            program.limits[symbol] = nil
            _ = refusal(program)
        }
    }

    /// What a step writes is an intermediate value, or a state in its own place.
    @Test func nothingIsWrittenElsewhere() {
        for place in [ProgramValue.Place.constant(0), .input(0), .state(0), .arena(offset: 0)] {
            var program = stepModel().program
            program.values[16].place = place
            if place != .state(0) { _ = refusal(program) }
            program.values[7].place = place
            if place != .state(0) { _ = refusal(program) }
        }
        // A write to what is no state, with a type that fits.
        var constant = stepModel().program
        let cache = ValueType(.float32, [1, 1, 5, 2])
        constant.values += [ProgramValue(cache, .constant(0)), ProgramValue(cache, .constant(0))]
        constant.steps.append(ProgramStep("cache_write", [22, 13, 2], results: [23]))
        #expect(refusal(constant).contains("state"))
        // Both caches in one place.
        var both = stepModel().program
        both.values[8].place = .state(0)
        both.values[17].place = .state(0)
        #expect(refusal(both).contains("state"))
        var result = stepModel().program
        result.values[13].place = .constant(0)
        _ = refusal(result)
        var output = stepModel().program
        // A program may give a state, which checks of single steps look at; a model's one output is its logits.
        output.outputs[0] = 16
        #expect(throws: Never.self) { try output.validate() }
        var model = stepModel()
        model.program.outputs[0] = 16
        #expect(throws: DeviceError.self) { try model.validate() }
    }

    /// A symbol that loading binds must not be bound again by inputs, nor be larger than the arena was made for.
    @Test func symbolsOfStatesAreNotInputs() {
        var program = stepModel().program
        program.values[0].type = ValueType(.int32, ["cache_blocks"])
        program.limits["cache_blocks"] = 8
        _ = refusal(program)
        var sized = stepModel().program
        sized.limits["cache_blocks"] = 2
        add(ValueType(.float32, ["cache_blocks", 1, 4, 2]), to: &sized, "neg", [7], [:])
        #expect(throws: Never.self) { try sized.validate([StepProgram.cacheBlocks: 2]) }
        #expect(refusal(sized, [StepProgram.cacheBlocks: 3]).contains("arena"))
    }

    @Test func numbersOfStepsHaveRanges() {
        for heads in [0, -1, 2, 3, 1 << 60, 1 << 40, most, .min, (1 << 62) - 1, (1 << 61) + 1] {
            for step in [2, 3] {
                var program = stepModel().program
                program.steps[step].attributes["heads"] = .integer(heads)
                _ = refusal(program)
            }
        }
        for axis in [-3, 2, most, .min] {
            var program = stepModel().program
            program.steps[5].attributes["axis"] = .integer(axis)
            _ = refusal(program)
        }
        for number in [-1, 22, most, .min] {
            var operands = stepModel().program
            operands.steps[1].operands[0] = number
            _ = refusal(operands)
            var results = stepModel().program
            results.steps[1].results[0] = number
            _ = refusal(results)
            var inputs = stepModel().program
            inputs.inputs[0] = number
            _ = refusal(inputs)
            var outputs = stepModel().program
            outputs.outputs[0] = number
            _ = refusal(outputs)
        }
        for place in [ProgramValue.Place.input(7), .input(-1), .constant(4), .constant(-1), .state(2), .state(-1)] {
            var program = stepModel().program
            program.values[13].place = place
            _ = refusal(program)
        }
    }

    /// An error names the number and its range.
    @Test func numbersOfAModelHaveRanges() {
        func refused(_ name: String, _ change: (inout CompiledModel) -> Void) {
            var model = stepModel()
            change(&model)
            let error = #expect(throws: DeviceError.self) { try model.validate() }
            #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
        }
        for number in [0, -1, most, .min, 1 << 50] {
            refused("vocabularySize") { $0.vocabularySize = number }
            refused("contextLength") { $0.contextLength = number }
            refused("cache.layers") { $0.cache.layers = number }
            refused("cache.kvHeads") { $0.cache.kvHeads = number }
            refused("cache.headDim") { $0.cache.headDim = number }
            refused("cache.blockSize") { $0.cache.blockSize = number }
        }
        for id in [-1, 5, 1 << 40, most, .min] { refused("stopTokenIDs") { $0.stopTokenIDs = [1, id] } }
        let most = 1 << 16
        refused("block") {
            $0.cache = KVCacheLayout(layers: most, kvHeads: most, headDim: most, blockSize: most, elementType: .int8)
        }
        refused("states") { $0.cache.layers = 2 }
        refused("states") { $0.cache.headDim = 4 }
        refused("states") { $0.cache.elementType = .float16 }
        refused("logits") { $0.vocabularySize = 6 }
        refused("cache.elementType") { $0.cache.elementType = .int64 }
        refused("takes") { $0.program.inputNames[0] = "tokens" }
        refused("token_ids") { $0.program.values[0].type = ValueType(.int32, ["sequences"]) }
    }

    /// Every number of the file, one after the other, as each of these: refused, or a program that is valid.
    @Test func everyNumberOfTheFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try CompiledModelFile.write(stepModel(), to: folder.path())
        let path = folder.appending(path: "program.json")
        let text = try String(contentsOf: path, encoding: .utf8)
        let values = [
            "-1", "0", "7", "2147483648", "4294967296", "1099511627777", "9223372036854775807", "-9223372036854775808",
            "18446744073709551616", "1e308", "1e999", "0.5", "\"NaN\"", "null", "true", "[]", "{}", "\"\"",
        ]
        var refused = 0
        for match in text.matches(of: /-?[0-9]+/).map(\.range) {
            for value in values {
                try Data((text[..<match.lowerBound] + value + text[match.upperBound...]).utf8).write(to: path)
                do {
                    let model = try CompiledModelFile.read(from: folder.path())
                    try model.program.validate([StepProgram.cacheBlocks: 4])
                    try model.validate()
                } catch {
                    let message = error.message
                    #expect(message.contains("program.json") || message.contains("weights.bin"), "\(error)")
                    refused += 1
                }
            }
        }
        #expect(refused > 1000)
    }
}
