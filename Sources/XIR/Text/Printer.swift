import Tensors

extension Module {
    /// The module as XIR text, in the grammar of the specification.
    ///
    /// Constants of up to 64 elements stand in the text with their exact values; larger ones are `external`. Reading the
    /// text gives an equal module when the functions are renumbered and the large constants are supplied.
    package var text: String {
        var printer = Printer()
        printer.print(self)
        return printer.text
    }
}

extension Function {
    /// The function as XIR text, for messages and reports.
    package var text: String {
        var printer = Printer()
        printer.print(self)
        return printer.text
    }
}

/// Writes XIR text.
private struct Printer {
    var text = ""

    /// Constants with more elements than this stay outside the text.
    private static let largestInlineCount = 64
    private static let lineWidth = 120

    mutating func print(_ module: Module) {
        text += "module"
        if !module.metadata.isEmpty {
            let entries = module.metadata.sorted { $0.key < $1.key }
            text += " {" + entries.map { "\(spelled($0.key)) = \(quoted($0.value))" }.joined(separator: ", ") + "}"
        }
        text += "\n"
        if !module.constants.isEmpty { text += "\n" }
        for (name, constant) in module.constants.sorted(by: { $0.key < $1.key }) { print(constant, name) }
        for function in module.functions {
            text += "\n"
            print(function)
        }
    }

    private mutating func print(_ constant: Constant, _ name: String) {
        text += "constant @\(spelled(name)) : \(constant.type) = "
        if let tensor = constant.tensor, tensor.elementCount <= Self.largestInlineCount {
            text += "[" + ElementText.texts(of: tensor).joined(separator: ", ") + "]\n"
        } else {
            text += "external\n"
        }
    }

    mutating func print(_ function: Function) {
        let names = Self.names(of: function)
        func name(_ id: ValueID) -> String { names[id]?.text ?? ValueName.named("undefined \(id.index)", 0).text }
        func type(_ id: ValueID) -> String {
            function.values.indices.contains(id.index) ? Self.text(function.type(id)) : "undefined"
        }
        let parameters = function.parameters.map { "\($0.kind.rawValue) \(name($0.value)) : \(type($0.value))" }
        let opening = "function @\(spelled(function.name))("
        let line = opening + parameters.joined(separator: ", ") + ") {\n"
        text +=
            line.utf8.count <= Self.lineWidth
            ? line : opening + "\n    " + parameters.joined(separator: ",\n    ") + "\n) {\n"
        for operation in function.operations {
            text += "    "
            if !operation.results.isEmpty { text += operation.results.map(name).joined(separator: ", ") + " = " }
            text += spelled(operation.name)
            if !operation.operands.isEmpty { text += "(" + operation.operands.map(name).joined(separator: ", ") + ")" }
            if !operation.attributes.isEmpty { text += " " + Self.text(operation.attributes) }
            if !operation.results.isEmpty { text += " : " + operation.results.map(type).joined(separator: ", ") }
            text += "\n"
        }
        let results = function.results.map { "\(spelled($0.name)) = \(name($0.value))" }
        text += "    return" + (results.isEmpty ? "" : " " + results.joined(separator: ", ")) + "\n}\n"
    }

    /// How each defined value is called: by its name, with an ordinal when an earlier value has the same, or by its
    /// number in the order of definition.
    private static func names(of function: Function) -> [ValueID: ValueName] {
        var names: [ValueID: ValueName] = [:]
        var uses: [String: Int] = [:]
        let definitions = function.parameters.map(\.value) + function.operations.flatMap(\.results)
        for (number, id) in definitions.enumerated() where function.values.indices.contains(id.index) {
            if let name = function[id].name {
                names[id] = .named(name, uses[name, default: 0])
                uses[name, default: 0] += 1
            } else {
                names[id] = .numbered(number)
            }
        }
        return names
    }

    private static func text(_ attributes: [String: Attribute]) -> String {
        let entries = attributes.sorted { $0.key < $1.key }
        return "{" + entries.map { "\(spelled($0.key)) = \(text($0.value))" }.joined(separator: ", ") + "}"
    }

    private static func text(_ attribute: Attribute) -> String {
        switch attribute {
        case .integer(let value): String(value)
        case .float(let value): value.isNaN ? "nan" : value.description
        case .bool(let value): String(value)
        case .string(let value): quoted(value)
        case .elementType(let value): value.rawValue
        case .integers(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
        case .extents(let values): "(" + values.map(text).joined(separator: ", ") + ")"
        }
    }

    private static func text(_ type: ValueType) -> String {
        type.elementType.rawValue + "[" + type.extents.map(text).joined(separator: ", ") + "]"
    }

    private static func text(_ extent: Extent) -> String {
        if extent.terms.allSatisfy({ Extent.isSymbol($0.symbol) }) { return extent.description }
        // A symbol that is no word stands in quotation marks.
        var text = ""
        for term in extent.terms {
            text += term.coefficient < 0 ? "-" : text.isEmpty ? "" : "+"
            text += "\(term.coefficient.magnitude)*\(Extent.isSymbol(term.symbol) ? term.symbol : quoted(term.symbol))"
        }
        return extent.constant < 0 ? text + "\(extent.constant)" : text + "+\(extent.constant)"
    }
}
