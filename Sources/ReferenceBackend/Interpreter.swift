package import DeviceRuntime
package import Tensors
package import XIR

/// The meaning of XIR: evaluates one operation on tensors, as the specification says it.
///
/// Written to be read. Sums, means and dot products are added up in double precision and rounded once.
package enum Interpreter {
    /// The results of an operation whose operands have these values.
    ///
    /// `resultTypes` are the types that inference gives, with symbols bound; `symbols` binds the symbols that attributes
    /// mention. Throws `.invalidInput` naming the operation when an operand does not keep its constraints or an index is
    /// out of range, `.unsupported` for an operation without a meaning here, and `.outOfMemory` for absurd sizes.
    package static func evaluate(
        _ operation: Operation,
        _ operands: [Tensor],
        resultTypes: [TensorType],
        symbols: [String: Int],
        constants: [String: Constant]
    ) throws(DeviceError) -> [Tensor] {
        if operation.name == "constant" {
            guard let name = operation.string("name"), let tensor = constants[name]?.tensor else {
                throw DeviceError(.invalidInput, "constant '\(operation.string("name") ?? "?")' has no values")
            }
            return [tensor]
        }
        guard let definition = OperationTable.standard[operation.name], let semantics = semantics[operation.name]
        else { throw DeviceError(.unsupported, "the reference does not know operation '\(operation.name)'") }
        let bound = try operation.bound(symbols)
        let inferred: [ValueType]
        do {
            inferred = try definition.infer(operands.map { ValueType($0.type) }, bound)
        } catch {
            throw DeviceError(.invalidInput, error.message, cause: error)
        }
        guard inferred == resultTypes.map({ ValueType($0) }) else {
            throw DeviceError(.invalidInput, "\(operation.name): yields \(inferred), not \(resultTypes)")
        }
        for type in inferred {
            guard let byteCount = type.bound([:])?.byteCount, byteCount <= largestByteCount else {
                throw DeviceError(.outOfMemory, "\(operation.name): a result of type \(type) is too large")
            }
        }
        return try semantics(Evaluation(bound, operands, resultTypes))
    }

    /// The largest result that the reference computes: 16 GiB.
    static let largestByteCount = 1 << 34

    /// True when the reference gives this operation a meaning.
    package static func knows(_ operation: String) -> Bool {
        operation == "constant" || semantics[operation] != nil
    }

    typealias Semantics = @Sendable (Evaluation) throws(DeviceError) -> [Tensor]

    private static let semantics: [String: Semantics] = [
        elementwise, linearAlgebra, quantization, normalization, shaping, attention,
    ].reduce(into: [:]) { all, some in all.merge(some) { first, _ in first } }
}

extension Operation {
    /// The operation with numbers in place of the symbols in its attributes.
    fileprivate func bound(_ symbols: [String: Int]) throws(DeviceError) -> Operation {
        var bound = self
        for (key, attribute) in attributes {
            guard case .extents(let extents) = attribute else { continue }
            var values: [Extent] = []
            for extent in extents {
                guard let value = extent.value(symbols) else {
                    throw DeviceError(.invalidInput, "\(name): '\(key)' is \(extent), whose symbols have no value")
                }
                values.append(Extent(value))
            }
            bound.attributes[key] = .extents(values)
        }
        return bound
    }
}

/// One operation with what it is applied to; types and attributes keep the operation's constraints.
struct Evaluation {
    /// Its attributes mention no symbols any more.
    let operation: Operation
    let operands: [Tensor]
    let types: [TensorType]

    init(_ operation: Operation, _ operands: [Tensor], _ types: [TensorType]) {
        self.operation = operation
        self.operands = operands
        self.types = types
    }

    /// The value of an attribute that is one extent.
    func extent(_ name: String) throws(DeviceError) -> Int {
        guard let value = operation.extents(name)?.first?.fixed else {
            throw failure("'\(name)' has symbols without a value")
        }
        return value
    }

    func integer(_ name: String) -> Int { operation.integer(name) ?? 0 }

    /// An attribute that counts an axis of the first operand, from the front.
    func axis(_ name: String = "axis") throws(DeviceError) -> Int {
        guard let axis = OperationDefinition.normalizedAxis(integer(name), rank: operands[0].shape.rank) else {
            throw DeviceError(.invalidInput, "\(operation.name): there is no axis \(integer(name))")
        }
        return axis
    }

    func float(_ name: String) -> Double { operation.float(name) ?? 0 }

    /// Elements of an operand as integers.
    func integers(_ position: Int) throws(DeviceError) -> [Int] {
        guard let integers = operands[position].integers else {
            throw DeviceError(.invalidInput, "\(operation.name): operand \(position) holds no whole numbers")
        }
        return integers
    }

    func failure(_ reason: String) -> DeviceError {
        DeviceError(.invalidInput, "\(operation.name): \(reason)")
    }
}
