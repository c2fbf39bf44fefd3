import Tensors

/// The rules that every module keeps, by number: rule 1 is V1 of the specification.
package enum VerifierRules {
    package static let all = [
        "Functions have different names.",
        "Every parameter has a name, and no two parameters of a function have the same.",
        "Every value is defined once, by a parameter or an operation, before anything uses it.",
        "Every operation is one of the operations below.",
        "The operands and attributes of an operation keep its constraints, and its results have the types that follow.",
        "A `constant` has no operands, names a constant of the module, and its one result has that constant's type.",
        "What an operation updates is a state: a state parameter, or the new version of one.",
        "After an update nothing reads the old version of the state, and it is not a result.",
        "Every result of a function has a name, no two have the same, and its value is defined.",
        "Every symbol follows from the shapes of the parameters: each can be solved for, one after the other, from an extent in which it is the only unknown.",
        "The lengths of axes that are plain numbers are not negative, and no number in a length is beyond 2^40.",
    ]
}

extension Module {
    /// Checks all invariants of the specification (V1, V2, ...) over every function.
    ///
    /// Throws one `.verification` error with all diagnostics. Costs one walk over the operations.
    package func verify() throws(XIRError) {
        let diagnostics = self.diagnostics()
        if !diagnostics.isEmpty { throw XIRError(diagnostics) }
    }

    /// Everything that is wrong with the module.
    package func diagnostics() -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        var names: Set<String> = []
        for function in functions {
            if !names.insert(function.name).inserted {
                diagnostics.append(Diagnostic(1, function: function.name, "another function has the same name"))
            }
            diagnostics += function.diagnostics(constants)
        }
        return diagnostics
    }
}

extension Function {
    /// Checks all invariants of the specification that concern one function.
    package func verify(_ constants: [String: Constant]) throws(XIRError) {
        let diagnostics = self.diagnostics(constants)
        if !diagnostics.isEmpty { throw XIRError(diagnostics) }
    }

    /// Everything that is wrong with the function.
    package func diagnostics(_ constants: [String: Constant]) -> [Diagnostic] {
        var verifier = Verifier(self, constants)
        verifier.verify()
        return verifier.diagnostics
    }
}

/// Walks over a function once and collects what is wrong.
private struct Verifier {
    let function: Function
    let constants: [String: Constant]
    var diagnostics: [Diagnostic] = []

    private var defined: Set<ValueID> = []
    /// Current versions of states.
    private var states: Set<ValueID> = []
    /// Versions of states that an operation has overwritten.
    private var overwritten: Set<ValueID> = []
    private var symbols: Set<String> = []
    private var position: Int?

    init(_ function: Function, _ constants: [String: Constant]) {
        self.function = function
        self.constants = constants
    }

    mutating func verify() {
        verifyParameters()
        for (index, operation) in function.operations.enumerated() {
            position = index
            verify(operation)
        }
        position = nil
        verifyResults()
    }

    private mutating func report(_ rule: Int, _ message: String) {
        diagnostics.append(
            Diagnostic(
                rule,
                function: function.name,
                operation: position,
                operationName: position.map { function.operations[$0].name },
                message
            )
        )
    }

    private func name(_ id: ValueID) -> String {
        guard function.values.indices.contains(id.index) else { return "value \(id.index)" }
        return "%" + (function[id].name ?? String(id.index))
    }

    private mutating func verifyParameters() {
        var names: Set<String> = []
        for (index, parameter) in function.parameters.enumerated() {
            guard define(parameter.value) else { continue }
            if parameter.kind == .state { states.insert(parameter.value) }
            guard let name = function[parameter.value].name, !name.isEmpty else {
                report(2, "parameter \(index) has no name")
                continue
            }
            if !names.insert(name).inserted { report(2, "two parameters are called '\(name)'") }
        }
        let types = function.parameters.map(\.value).filter(defined.contains).map { function.type($0) }
        symbols = SymbolSolving.determined(by: types)
        for type in types { verifySymbols(of: type.symbols, "a parameter's type \(type)") }
    }

    /// Records the definition of a value; false when it cannot be looked at any further.
    private mutating func define(_ id: ValueID) -> Bool {
        guard function.values.indices.contains(id.index) else {
            report(3, "defines value \(id.index), but the function has \(function.values.count) values")
            return false
        }
        if !defined.insert(id).inserted { report(3, "\(name(id)) is defined twice") }
        let type = function.type(id)
        if type.extents.contains(where: { ($0.fixed ?? 0) < 0 }) {
            report(11, "\(name(id)) has the type \(type), in which a length is negative")
        }
        if !type.extents.allSatisfy(\.isInRange) {
            report(11, "\(name(id)) has the type \(type), in which a number is beyond \(Extent.largestNumber)")
        }
        return true
    }

    private mutating func verify(_ operation: Operation) {
        let updates = operation.stateUpdates
        let operandsAreDefined = verifyOperands(operation)
        for update in updates where defined.contains(update.old) && !overwritten.contains(update.old) {
            if states.remove(update.old) == nil {
                report(7, "updates \(name(update.old)), which is not a state")
            } else {
                overwritten.insert(update.old)
            }
        }
        if Set(updates.map(\.old)).count != updates.count { report(7, "updates the same state twice") }
        if operandsAreDefined { verifyTypes(operation) }
        for attribute in operation.attributes.keys.sorted() {
            guard let extents = operation.extents(attribute) else { continue }
            verifySymbols(of: Set(extents.flatMap { $0.terms.map(\.symbol) }), "attribute '\(attribute)'")
        }
        for result in operation.results where define(result) {
            verifySymbols(of: function.type(result).symbols, "the type of \(name(result))")
        }
        states.formUnion(updates.map(\.new))
    }

    private mutating func verifyOperands(_ operation: Operation) -> Bool {
        var allDefined = true
        for operand in operation.operands {
            if !defined.contains(operand) {
                report(3, "uses \(name(operand)), which nothing before it defines")
                allDefined = false
            }
            if overwritten.contains(operand) {
                report(8, "reads \(name(operand)), which was updated before; read its new version")
            }
        }
        return allDefined
    }

    private mutating func verifyTypes(_ operation: Operation) {
        guard let definition = OperationTable.standard[operation.name] else {
            report(4, "there is no operation of this name")
            return
        }
        guard operation.results.allSatisfy({ function.values.indices.contains($0.index) }) else { return }
        let actual = operation.results.map { function.type($0) }
        do {
            let inferred = try definition.infer(operation.operands.map { function.type($0) }, operation)
            if operation.name == "constant" {
                verifyConstant(operation, actual)
            } else if inferred != actual {
                report(5, "its results must be (\(list(inferred))), not (\(list(actual)))")
            }
        } catch {
            report(5, error.message)
        }
    }

    private mutating func verifyConstant(_ operation: Operation, _ actual: [ValueType]) {
        let name = operation.string("name") ?? ""
        guard let constant = constants[name] else {
            report(6, "the module has no constant '\(name)'")
            return
        }
        if actual != [ValueType(constant.type)] {
            report(6, "constant '\(name)' is \(constant.type), not (\(list(actual)))")
        }
    }

    private func list(_ types: [ValueType]) -> String {
        types.map(\.description).joined(separator: ", ")
    }

    private mutating func verifySymbols(of used: Set<String>, _ place: String) {
        for symbol in used.subtracting(symbols).sorted() {
            report(10, "\(place) mentions '\(symbol)', which does not follow from the parameters' shapes")
        }
    }

    private mutating func verifyResults() {
        var names: Set<String> = []
        for result in function.results {
            if result.name.isEmpty { report(9, "a result has no name") }
            if !names.insert(result.name).inserted { report(9, "two results are called '\(result.name)'") }
            if !defined.contains(result.value) {
                report(9, "result '\(result.name)' is \(name(result.value)), which nothing defines")
            }
            if overwritten.contains(result.value) {
                report(8, "result '\(result.name)' is \(name(result.value)), which was updated; return its new version")
            }
        }
    }
}
