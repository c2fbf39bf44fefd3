import Tensors
import Testing
import XIR

@Suite struct AnalysisTests {
    private static func chain() throws -> (Function, [ValueID]) {
        var builder = FunctionBuilder("main")
        let x = builder.input("x", ValueType(.float32, [2]))
        let y = try builder.value("neg", [x])
        let z = try builder.value("add", [y, y])
        let unused = try builder.value("abs", [x])
        builder.result("z", z)
        return (builder.function, [x, y, z, unused])
    }

    @Test func usesAndDefinitions() throws {
        let (function, ids) = try Self.chain()
        let chains = UseDefChains(function)
        #expect(ids.map { chains.definition(of: $0) } == [nil, 0, 1, 2])
        #expect(chains.uses(of: ids[1]).map(\.operand) == [0, 1])
        #expect(chains.uses(of: ids[0]).map(\.operation) == [0, 2])
        #expect(ids.map { chains.isResult($0) } == [false, false, true, false])
    }

    @Test func lifeEndsWithTheLastUse() throws {
        let (function, ids) = try Self.chain()
        let liveness = Liveness(function)
        #expect(liveness[ids[0]] == Liveness.Range(definition: -1, firstUse: 0, lastUse: 2))
        #expect(liveness[ids[1]] == Liveness.Range(definition: 0, firstUse: 1, lastUse: 1))
        #expect(liveness[ids[2]] == Liveness.Range(definition: 1, firstUse: 3, lastUse: 3))
        #expect(liveness[ids[3]] == Liveness.Range(definition: 2))
    }

    @Test func symbolsAreSolvedOneAfterTheOther() {
        let types = [
            ValueType(.float32, ["past" + "sequence" * 2]), ValueType(.int64, ["batch", "sequence" - 1]),
        ]
        #expect(SymbolSolving.determined(by: types) == ["past", "sequence", "batch"])
        let solved = SymbolSolving.values(of: types, shapes: [[10], [1, 2]])
        #expect(solved == ["past": 4, "sequence": 3, "batch": 1])
        #expect(SymbolSolving.values(of: types, shapes: [[5], [1, 2]]) == nil)
        #expect(SymbolSolving.values(of: [ValueType(.int8, ["n" * 2])], shapes: [[3]]) == nil)
        #expect(SymbolSolving.values(of: [ValueType(.int8, ["n", "n"])], shapes: [[3, 4]]) == nil)
        #expect(SymbolSolving.values(of: [ValueType(.int8, ["n" * -1])], shapes: [[Int.max]]) == nil)
    }
}
