package import Tensors

extension Module {
    /// Reads XIR text.
    ///
    /// Checks the form only; `verify()` checks the meaning. `external` supplies the values of constants that the text
    /// leaves out; where it gives nil they stay `.external`. Throws `.syntax` with line, column and what was expected.
    /// Memory and time are linear in the text.
    package init(
        parsing text: String,
        external: (String, TensorType) -> Tensor? = { _, _ in nil }
    ) throws(XIRError) {
        guard text.utf8.count <= Parser.largestText else {
            throw XIRError(.syntax, "the text is longer than \(Parser.largestText) bytes")
        }
        var parser = try Parser(Array(text.utf8))
        self = try parser.module(external)
    }
}

/// Reads XIR text by recursive descent; the grammar does not nest, so neither do the calls.
struct Parser {
    static let largestText = 1 << 28
    private static let largestRank = 32

    private var lexer: Lexer
    private(set) var token: Token

    init(_ bytes: [UInt8]) throws(XIRError) {
        lexer = Lexer(bytes)
        token = try lexer.next()
    }

    mutating func module(_ external: (String, TensorType) -> Tensor?) throws(XIRError) -> Module {
        var module = Module()
        try expect(word: "module")
        if token.kind == .punctuation("{") {
            for (key, value, offset) in try dictionary({ (parser) throws(XIRError) in try parser.string() }) {
                guard module.metadata.updateValue(value, forKey: key) == nil else {
                    throw lexer.error("'\(key)' stands here twice", at: offset)
                }
            }
        }
        while token.kind != .end {
            switch token.kind {
            case .word("constant"): try constant(into: &module, external)
            case .word("function"): module.functions.append(try function())
            default: throw expected("'constant', 'function' or the end of the text")
            }
        }
        return module
    }

    // MARK: Constants

    private mutating func constant(into module: inout Module, _ external: (String, TensorType) -> Tensor?)
        throws(XIRError)
    {
        try expect(word: "constant")
        let nameOffset = token.offset
        let name = try global()
        guard module.constants[name] == nil else {
            throw lexer.error("constant '\(name)' is there twice", at: nameOffset)
        }
        try expect(":")
        let typeOffset = token.offset
        let valueType = try type()
        guard valueType.symbols.isEmpty, let type = valueType.bound([:]) else {
            throw lexer.error("the type of a constant has lengths that are numbers and fit in memory", at: typeOffset)
        }
        try expect("=")
        if token.kind == .word("external") {
            try advance()
            guard let tensor = external(name, type) else {
                module.constants[name] = .external(type)
                return
            }
            guard tensor.type == type else {
                throw lexer.error("constant '\(name)' is \(type), but its values are \(tensor.type)", at: typeOffset)
            }
            module.constants[name] = .tensor(tensor)
        } else {
            module.constants[name] = .tensor(try elements(type))
        }
    }

    private mutating func elements(_ type: TensorType) throws(XIRError) -> Tensor {
        let offset = token.offset
        guard token.kind == .punctuation("[") else { throw expected("'[' and the elements, or 'external'") }
        let bits = try list("[", "]") { (parser) throws(XIRError) -> UInt64 in
            let negative = try parser.accept("-")
            guard let bits = ElementText.bits(parser.token.kind, negative: negative, type.elementType) else {
                throw parser.expected("an element of type \(type.elementType.rawValue)")
            }
            try parser.advance()
            return bits
        }
        guard bits.count == type.shape.checkedElementCount else {
            throw lexer.error("\(type) has \(type.shape.elementCount) elements, but here are \(bits.count)", at: offset)
        }
        let width = type.elementType.byteCount
        var tensor = MutableTensor(type)
        tensor.withMutableBytes { bytes in
            for (index, element) in bits.enumerated() {
                for byte in 0..<width { bytes[index * width + byte] = UInt8(truncatingIfNeeded: element >> (8 * byte)) }
            }
        }
        return tensor.freeze()
    }

    // MARK: Functions

    private mutating func function() throws(XIRError) -> Function {
        try expect(word: "function")
        var function = Function(try global())
        var names: [ValueName: ValueID] = [:]
        function.parameters = try list("(", ")") { (parser) throws(XIRError) in
            try parser.parameter(&function, &names)
        }
        try expect("{")
        while token.kind != .word("return") {
            function.operations.append(try operation(&function, &names))
        }
        try advance()
        if token.kind != .punctuation("}") {
            repeat { function.results.append(try result(names)) } while try accept(",")
        }
        try expect("}")
        return function
    }

    private mutating func parameter(_ function: inout Function, _ names: inout [ValueName: ValueID])
        throws(XIRError) -> Parameter
    {
        guard case .word(let word) = token.kind, let kind = Parameter.Kind(rawValue: word) else {
            throw expected("'input' or 'state'")
        }
        try advance()
        let definition = token
        let name = try valueName()
        try expect(":")
        return Parameter(kind, try define(name, at: definition, try type(), &function, &names))
    }

    private mutating func operation(_ function: inout Function, _ names: inout [ValueName: ValueID])
        throws(XIRError) -> Operation
    {
        var results: [(token: Token, name: ValueName)] = []
        if case .value = token.kind {
            repeat { results.append((token, try valueName())) } while try accept(",")
            try expect("=")
        }
        guard let name = try acceptName() else { throw expected("an operation or 'return'") }
        var operation = Operation(name, [], results: [])
        if token.kind == .punctuation("(") {
            operation.operands = try list("(", ")") { (parser) throws(XIRError) in try parser.use(names) }
        }
        if token.kind == .punctuation("{") {
            for (key, value, offset) in try dictionary({ (parser) throws(XIRError) in try parser.attribute() }) {
                guard operation.attributes.updateValue(value, forKey: key) == nil else {
                    throw lexer.error("attribute '\(key)' stands here twice", at: offset)
                }
            }
        }
        for (index, result) in results.enumerated() {
            try expect(index == 0 ? ":" : ",")
            operation.results.append(try define(result.name, at: result.token, try type(), &function, &names))
        }
        return operation
    }

    private mutating func result(_ names: [ValueName: ValueID]) throws(XIRError) -> FunctionResult {
        guard let name = try acceptName() else { throw expected("the name of a result") }
        try expect("=")
        return FunctionResult(name, try use(names))
    }

    private mutating func define(
        _ name: ValueName,
        at token: Token,
        _ type: ValueType,
        _ function: inout Function,
        _ names: inout [ValueName: ValueID]
    ) throws(XIRError) -> ValueID {
        let label: String? = if case .named(let name, _) = name { name } else { nil }
        let id = function.makeValue(type, name: label)
        guard names.updateValue(id, forKey: name) == nil else {
            throw lexer.error("\(token.kind) is defined twice", at: token.offset)
        }
        return id
    }

    private mutating func use(_ names: [ValueName: ValueID]) throws(XIRError) -> ValueID {
        let place = token
        guard let id = names[try valueName()] else {
            throw lexer.error("\(place.kind) is not defined above", at: place.offset)
        }
        return id
    }

    private mutating func attribute() throws(XIRError) -> Attribute {
        switch token.kind {
        case .string: return .string(try string())
        case .punctuation("["):
            return .integers(try list("[", "]") { (parser) throws(XIRError) in try parser.integer() })
        case .punctuation("("):
            return .extents(try list("(", ")") { (parser) throws(XIRError) in try parser.extent() })
        case .word("true"), .word("false"):
            let value = token.kind == .word("true")
            try advance()
            return .bool(value)
        case .word(let word) where ElementType(rawValue: word) != nil:
            return .elementType(try elementType())
        default: return try number()
        }
    }

    private mutating func number() throws(XIRError) -> Attribute {
        let negative = try accept("-")
        let attribute: Attribute
        switch token.kind {
        case .word("nan") where !negative: attribute = .float(.nan)
        case .word("inf"): attribute = .float(negative ? -.infinity : .infinity)
        case .number(let text):
            let signed = (negative ? "-" : "") + text
            if let integer = Int(signed) {
                attribute = .integer(integer)
            } else if text.utf8.contains(where: { !isDigit($0) }), let float = Double(signed), float.isFinite {
                attribute = .float(float)
            } else {
                throw expected("a number that fits in 64 bits")
            }
        default: throw expected("the value of an attribute")
        }
        try advance()
        return attribute
    }

    // MARK: Types

    private mutating func type() throws(XIRError) -> ValueType {
        let elementType = try elementType()
        let offset = token.offset
        let extents = try list("[", "]") { (parser) throws(XIRError) in try parser.extent() }
        guard extents.count <= Self.largestRank else {
            throw lexer.error("a type has at most \(Self.largestRank) axes", at: offset)
        }
        return ValueType(elementType, extents)
    }

    private mutating func elementType() throws(XIRError) -> ElementType {
        guard case .word(let word) = token.kind, let type = ElementType(rawValue: word) else {
            throw expected("a type (\(ElementType.allCases.map(\.rawValue).joined(separator: ", ")))")
        }
        try advance()
        return type
    }

    private mutating func extent() throws(XIRError) -> Extent {
        let offset = token.offset
        var sum = try term(negative: try accept("-"))
        while token.kind == .punctuation("+") || token.kind == .punctuation("-") {
            let negative = token.kind == .punctuation("-")
            try advance()
            sum = sum + (try term(negative: negative))
            guard sum.terms.count <= Self.largestRank else {
                throw lexer.error("a length has at most \(Self.largestRank) symbols", at: offset)
            }
        }
        return sum
    }

    private mutating func term(negative: Bool) throws(XIRError) -> Extent {
        guard case .number = token.kind else { return try symbol() * (negative ? -1 : 1) }
        let offset = token.offset
        let factor = try integer(negative: negative)
        guard factor.magnitude <= Extent.largestNumber else {
            throw lexer.error("a number in a length is at most \(Extent.largestNumber)", at: offset)
        }
        return try accept("*") ? try symbol() * factor : Extent(factor)
    }

    private mutating func symbol() throws(XIRError) -> Extent {
        guard let name = try acceptName() else { throw expected("a length: a number or a symbol") }
        return Extent(symbol: name)
    }

    // MARK: Small parts

    private mutating func integer() throws(XIRError) -> Int {
        try integer(negative: try accept("-"))
    }

    private mutating func integer(negative: Bool) throws(XIRError) -> Int {
        guard case .number(let text) = token.kind, let value = Int((negative ? "-" : "") + text) else {
            throw expected("a whole number of at most 64 bits")
        }
        try advance()
        return value
    }

    private mutating func string() throws(XIRError) -> String {
        guard case .string(let string) = token.kind else { throw expected("a string in quotation marks") }
        try advance()
        return string
    }

    private mutating func global() throws(XIRError) -> String {
        guard case .global(let name) = token.kind else { throw expected("a name that begins with '@'") }
        try advance()
        return name
    }

    private mutating func valueName() throws(XIRError) -> ValueName {
        guard case .value(let name) = token.kind else { throw expected("a value, such as '%x'") }
        try advance()
        return name
    }

    private mutating func acceptName() throws(XIRError) -> String? {
        switch token.kind {
        case .word(let name), .string(let name):
            try advance()
            return name
        default: return nil
        }
    }

    /// `{key = value, ...}` with the place of each key.
    private mutating func dictionary<Value>(_ value: (inout Parser) throws(XIRError) -> Value)
        throws(XIRError) -> [(String, Value, Int)]
    {
        try list("{", "}") { (parser) throws(XIRError) in
            let offset = parser.token.offset
            guard let key = try parser.acceptName() else { throw parser.expected("a name") }
            try parser.expect("=")
            return (key, try value(&parser), offset)
        }
    }

    private mutating func list<Element>(
        _ open: Character,
        _ close: Character,
        _ element: (inout Parser) throws(XIRError) -> Element
    ) throws(XIRError) -> [Element] {
        try expect(open)
        var elements: [Element] = []
        if try accept(close) { return elements }
        repeat { elements.append(try element(&self)) } while try accept(",")
        try expect(close)
        return elements
    }

    private mutating func accept(_ character: Character) throws(XIRError) -> Bool {
        guard token.kind == .punctuation(character) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ character: Character) throws(XIRError) {
        guard try accept(character) else { throw expected("'\(character)'") }
    }

    private mutating func expect(word: String) throws(XIRError) {
        guard token.kind == .word(word) else { throw expected("'\(word)'") }
        try advance()
    }

    private mutating func advance() throws(XIRError) {
        token = try lexer.next()
    }

    private func expected(_ what: String) -> XIRError {
        lexer.error("expected \(what), found \(token.kind)", at: token.offset)
    }
}
