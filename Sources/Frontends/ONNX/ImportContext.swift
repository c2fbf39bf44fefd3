import ONNX
import Tensors
import XIR

/// The state of an import: the function so far, and what each name of the graph stands for.
struct ImportContext {
    var builder = FunctionBuilder("main")
    var constants: [String: Constant] = [:]
    private var names: [String: ImportedValue] = [:]

    func isDefined(_ name: String) -> Bool { names[name] != nil }

    mutating func define(_ name: String, _ value: ImportedValue) { names[name] = value }

    func type(_ value: ValueID) -> ValueType { builder.function.type(value) }

    /// The value of XIR that operand `position` of `node` stands for; known numbers are written as operations.
    mutating func value(_ node: Node, _ position: Int) throws(FrontendError) -> ValueID {
        let name = try operandName(node, position)
        guard let imported = names[name] else { throw undefined(node, name) }
        if let value = imported.value { return value }
        let value = try materialize(imported.numbers ?? ImportedValue.Numbers([]), node)
        names[name]?.value = value
        return value
    }

    /// The numbers that operand `position` of `node` is known to hold, or nil.
    func numbers(_ node: Node, _ position: Int) -> ImportedValue.Numbers? {
        guard node.inputs.indices.contains(position) else { return nil }
        return names[node.inputs[position]]?.numbers
    }

    /// The numbers that an operand must be known to hold, such as a shape.
    func requiredNumbers(_ node: Node, _ position: Int, _ what: String) throws(FrontendError) -> [Extent] {
        guard let numbers = numbers(node, position) else {
            throw FrontendError.unsupportedNode(
                node,
                "\(what) depends on values that are known only when the graph runs"
            )
        }
        return numbers.extents
    }

    /// Fixed numbers that an operand must hold, such as axes.
    func requiredIntegers(_ node: Node, _ position: Int, _ what: String) throws(FrontendError) -> [Int] {
        let extents = try requiredNumbers(node, position, what)
        let fixed = extents.compactMap(\.fixed)
        guard fixed.count == extents.count else { throw FrontendError.unsupportedNode(node, "\(what) is not fixed") }
        return fixed
    }

    func hasOperand(_ node: Node, _ position: Int) -> Bool {
        node.inputs.indices.contains(position) && !node.inputs[position].isEmpty
    }

    /// A constant of the module, known numbers included where it holds a few whole ones.
    mutating func constant(_ name: String, _ tensor: Tensor) -> ImportedValue {
        var unique = name.isEmpty ? "constant" : name
        var number = 1
        while let other = constants[unique], other != .tensor(tensor) {
            unique = "\(name).\(number)"
            number += 1
        }
        constants[unique] = .tensor(tensor)
        let value = builder.constant(unique, tensor.type)
        guard [.int32, .int64].contains(tensor.elementType), tensor.shape.rank <= 1, tensor.elementCount <= 64,
            let integers = tensor.integers
        else { return ImportedValue(value) }
        return ImportedValue(
            value,
            numbers: ImportedValue.Numbers(integers.map { Extent($0) }, isScalar: tensor.shape.rank == 0)
        )
    }

    /// Appends an operation, with XIR's reasons turned into errors that name the node.
    mutating func append(
        _ name: String,
        _ operands: [ValueID],
        _ attributes: [String: XIR.Attribute] = [:],
        for node: Node
    ) throws(FrontendError) -> ValueID {
        do {
            return try builder.value(name, operands, attributes)
        } catch {
            throw FrontendError.unsupportedNode(node, error.message, cause: error)
        }
    }

    private func operandName(_ node: Node, _ position: Int) throws(FrontendError) -> String {
        guard hasOperand(node, position) else {
            throw FrontendError.unsupportedNode(node, "operand \(position) is missing")
        }
        return node.inputs[position]
    }

    private func undefined(_ node: Node, _ name: String) -> FrontendError {
        FrontendError.unsupportedNode(
            node,
            "reads '\(name)', which no input, initializer or earlier node defines: the graph is cyclic or out of order"
        )
    }

    private mutating func materialize(_ numbers: ImportedValue.Numbers, _ node: Node) throws(FrontendError) -> ValueID {
        let fixed = numbers.extents.compactMap(\.fixed)
        if fixed.count == numbers.extents.count {
            let shape: Shape = numbers.isScalar ? [] : [fixed.count]
            let tensor = Tensor(fixed.map { Int64($0) }, shape)
            guard let value = constant("numbers", tensor).value else {
                throw FrontendError.unsupportedNode(node, "a constant has no value")
            }
            return value
        }
        var parts: [ValueID] = []
        for extent in numbers.extents {
            let scalar = try append("extent", [], ["value": .extents([extent])], for: node)
            if numbers.isScalar { return scalar }
            parts.append(try append("reshape", [scalar], ["shape": .integers([1])], for: node))
        }
        return try append("concat", parts, ["axis": .integer(0)], for: node)
    }
}
