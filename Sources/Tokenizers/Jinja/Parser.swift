/// Parses a template's statements; `ExpressionParser.swift` has the expressions.
struct Parser {
    /// How deep blocks and brackets may be nested.
    static let deepest = 50

    private let tokens: [(token: Lexer.Token, line: Int)]
    private var position = 0
    var depth = 0
    /// Which of a macro's extras have been spoken of since its body began.
    var extras: Set<String> = []
    private var blocks: [String: [Statement]] = [:]

    static func parse(_ template: String) throws(TokenizerError) -> ParsedTemplate {
        var parser = Parser(tokens: try Lexer.tokens(of: template))
        let (body, _) = try parser.statements(until: [])
        return ParsedTemplate(body: body, blocks: parser.blocks)
    }

    private init(tokens: [(token: Lexer.Token, line: Int)]) { self.tokens = tokens }

    var current: Lexer.Token { tokens[position].token }
    var next: Lexer.Token { tokens[min(position + 1, tokens.count - 1)].token }
    var line: Int { tokens[position].line }

    func failure(_ reason: String) -> TokenizerError {
        TokenizerError(.templateSyntax, "chat template, line \(line): \(reason)")
    }

    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    mutating func skip(_ token: Lexer.Token) -> Bool {
        guard current == token else { return false }
        advance()
        return true
    }

    mutating func expect(_ token: Lexer.Token) throws(TokenizerError) {
        guard skip(token) else { throw failure("expected \(Self.describe(token)), found \(Self.describe(current))") }
    }

    mutating func name() throws(TokenizerError) -> String {
        guard case .name(let name) = current else {
            throw failure("expected a name, found \(Self.describe(current))")
        }
        advance()
        return name
    }

    mutating func nested<Result>(
        _ body: (inout Parser) throws(TokenizerError) -> Result
    ) throws(TokenizerError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw TokenizerError(
                .limitExceeded,
                "chat template, line \(line): nested more than \(Self.deepest) levels deep"
            )
        }
        return try body(&self)
    }

    static func describe(_ token: Lexer.Token) -> String {
        switch token {
        case .text: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .int, .float: "a number"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the template"
        }
    }

    /// Parses until a block tag with one of `names`, whose name is consumed and returned; its arguments are not.
    private mutating func statements(until names: [String]) throws(TokenizerError) -> ([Statement], String) {
        var body: [Statement] = []
        while true {
            switch current {
            case .end:
                guard names.isEmpty else {
                    throw failure("the template ends before \(names.joined(separator: " or "))")
                }
                return (body, "")
            case .text(let text):
                body.append(.text(Text(text)))
                advance()
            case .variableBegin:
                advance()
                body.append(.output(try tuple()))
                try expect(.variableEnd)
            case .blockBegin:
                advance()
                let tag = try name()
                if names.contains(tag) { return (body, tag) }
                body += try nested { (parser) throws(TokenizerError) in try parser.statement(tag) }
            default: throw failure("unexpected \(Self.describe(current))")
            }
        }
    }

    /// Parses the body of a block up to its end tag, both tags' ends included.
    private mutating func body(until end: String) throws(TokenizerError) -> [Statement] {
        try expect(.blockEnd)
        let (body, _) = try statements(until: [end])
        try expect(.blockEnd)
        return body
    }

    private mutating func statement(_ tag: String) throws(TokenizerError) -> [Statement] {
        switch tag {
        case "if": return [try branch()]
        case "for": return [try loop()]
        case "set": return [try assignment()]
        case "macro": return [try macro()]
        case "call": return [try callBlock()]
        case "block": return [try block()]
        case "print":
            let value = try tuple()
            try expect(.blockEnd)
            return [.output(value)]
        case "autoescape":
            let value = try expression()
            return [.autoescape(value, body: try body(until: "endautoescape"))]
        case "include", "import", "from", "extends":
            let line = line
            while current != .blockEnd, current != .end { advance() }
            try expect(.blockEnd)
            return [.otherTemplate(tag: tag, line: line)]
        case "filter":
            let filters = try filterCalls()
            return [.filterBlock(filters, body: try body(until: "endfilter"))]
        case "generation": return [.with([], body: try body(until: "endgeneration"))]
        case "with":
            var values: [(name: String, value: Expression)] = []
            while current != .blockEnd {
                if !values.isEmpty { try expect(.symbol(",")) }
                let name = try name()
                try expect(.symbol("="))
                values.append((name, try expression()))
            }
            return [.with(values, body: try body(until: "endwith"))]
        case "break", "continue":
            try expect(.blockEnd)
            return [tag == "break" ? .breakLoop : .continueLoop]
        default: throw failure("the tag '\(tag)' is not known in chat templates")
        }
    }

    private mutating func branch() throws(TokenizerError) -> Statement {
        var branches: [(condition: Expression, body: [Statement])] = []
        while true {
            let condition = try tuple(allowConditional: false)
            try expect(.blockEnd)
            let (body, tag) = try statements(until: ["elif", "else", "endif"])
            branches.append((condition, body))
            if tag == "elif" { continue }
            return .branch(branches, otherwise: tag == "else" ? try self.body(until: "endif") : try end())
        }
    }

    private mutating func end() throws(TokenizerError) -> [Statement] {
        try expect(.blockEnd)
        return []
    }

    private mutating func loop() throws(TokenizerError) -> Statement {
        let line = line
        if current == .name("loop") { throw failure("'loop' cannot be assigned to by a loop") }
        let target = try target(allowField: false)
        try expect(.name("in"))
        let items = try tuple(allowConditional: false)
        let filter = skip(.name("if")) ? try expression() : nil
        let isRecursive = skip(.name("recursive"))
        try expect(.blockEnd)
        let (body, tag) = try statements(until: ["else", "endfor"])
        let otherwise = tag == "else" ? try self.body(until: "endfor") : try end()
        return .loop(
            Statement.Loop(
                target: target,
                items: items,
                filter: filter,
                body: body,
                otherwise: otherwise,
                isRecursive: isRecursive,
                line: line
            )
        )
    }

    private mutating func assignment() throws(TokenizerError) -> Statement {
        let target = try target(allowField: true)
        if skip(.symbol("=")) {
            let value = try tuple()
            try expect(.blockEnd)
            return .set(target, value)
        }
        let filters = current == .symbol("|") ? try filterCallsAfterPipe() : []
        return .setBlock(target, filters: filters, body: try body(until: "endset"))
    }

    /// What is assigned to: one target, or several that are separated by commas.
    private mutating func target(allowField: Bool) throws(TokenizerError) -> Statement.Target {
        var targets: [Statement.Target] = []
        var isTuple = false
        repeat {
            if isTuple, current != .symbol("(") { guard case .name(let name) = current, name != "in" else { break } }
            targets.append(try singleTarget(allowField: allowField))
            isTuple = current == .symbol(",") || isTuple
        } while skip(.symbol(","))
        return isTuple ? .several(targets) : targets[0]
    }

    private mutating func singleTarget(allowField: Bool) throws(TokenizerError) -> Statement.Target {
        if skip(.symbol("(")) {
            let group = try nested { (parser) throws(TokenizerError) in try parser.target(allowField: allowField) }
            try expect(.symbol(")"))
            return group
        }
        let name = try name()
        if allowField, skip(.symbol(".")) { return .field(of: name, try self.name()) }
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw failure("'\(name)' cannot be assigned to")
        }
        return .name(name)
    }

    private mutating func macro() throws(TokenizerError) -> Statement {
        let name = try name()
        return .macro(try macro(name, parameters: try parameters(), end: "endmacro"))
    }

    private mutating func macro(
        _ name: String,
        parameters: [(name: String, standard: Expression?)],
        end: String
    ) throws(TokenizerError) -> Macro {
        let outer = extras
        extras = []
        let body = try body(until: end)
        defer { extras.formUnion(outer) }
        return Macro(name: name, parameters: parameters, body: body, extras: extras)
    }

    private mutating func parameters() throws(TokenizerError) -> [(name: String, standard: Expression?)] {
        var parameters: [(name: String, standard: Expression?)] = []
        try expect(.symbol("("))
        while !skip(.symbol(")")) {
            if !parameters.isEmpty { try expect(.symbol(",")) }
            let parameter = try self.name()
            if skip(.symbol("=")) {
                parameters.append((parameter, try expression()))
            } else {
                if case _?? = parameters.last.map(\.standard) {
                    throw failure("a parameter without a default follows one with a default")
                }
                parameters.append((parameter, nil))
            }
        }
        return parameters
    }

    private mutating func callBlock() throws(TokenizerError) -> Statement {
        let parameters = current == .symbol("(") ? try parameters() : []
        let call = try expression()
        guard case .call = call.kind else { throw failure("{% call %} needs the call of a macro") }
        return .callBlock(call, caller: try macro("caller", parameters: parameters, end: "endcall"))
    }

    private mutating func block() throws(TokenizerError) -> Statement {
        let name = try name()
        guard blocks[name] == nil else { throw failure("there is a block '\(name)' already") }
        // A place, so that a block of this name inside of it is refused.
        blocks[name] = []
        var words: Set<String> = []
        while case .name(let word) = current, ["scoped", "required"].contains(word) {
            words.insert(word)
            advance()
        }
        let line = line
        try expect(.blockEnd)
        var (body, _) = try statements(until: ["endblock"])
        // A block that another template must fill.
        if words.contains("required") { body = [.otherTemplate(tag: "required", line: line)] }
        if case .name(let end) = current, end == name { advance() }
        try expect(.blockEnd)
        blocks[name] = body
        return .block(name: name, isScoped: words.contains("scoped"))
    }

    /// Parses `name(arguments) | name ...`.
    private mutating func filterCalls() throws(TokenizerError) -> [Statement.FilterCall] {
        var filters = [try filterCall()]
        while skip(.symbol("|")) { filters.append(try filterCall()) }
        return filters
    }

    private mutating func filterCallsAfterPipe() throws(TokenizerError) -> [Statement.FilterCall] {
        try expect(.symbol("|"))
        return try filterCalls()
    }

    private mutating func filterCall() throws(TokenizerError) -> Statement.FilterCall {
        let line = line
        let name = try dottedName()
        return Statement.FilterCall(
            name: name,
            arguments: current == .symbol("(") ? try arguments() : Arguments(),
            line: line
        )
    }
}
