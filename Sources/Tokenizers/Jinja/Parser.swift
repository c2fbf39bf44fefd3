/// Parses a template's statements; `ExpressionParser.swift` has the expressions.
struct Parser {
    /// How deep blocks and brackets may be nested.
    static let deepest = 50

    private let tokens: [(token: Lexer.Token, line: Int)]
    private var position = 0
    var depth = 0

    static func parse(_ template: String) throws(TokenizerError) -> [Statement] {
        var parser = Parser(tokens: try Lexer.tokens(of: template))
        let (body, _) = try parser.statements(until: [])
        return body
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
                body.append(.text(text))
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
        let target = try target(allowField: false)
        try expect(.name("in"))
        let items = try tuple(allowConditional: false)
        let filter = skip(.name("if")) ? try expression() : nil
        if current == .name("recursive") { throw failure("recursive loops are not supported") }
        try expect(.blockEnd)
        let (body, tag) = try statements(until: ["else", "endfor"])
        let otherwise = tag == "else" ? try self.body(until: "endfor") : try end()
        return .loop(
            Statement.Loop(target: target, items: items, filter: filter, body: body, otherwise: otherwise, line: line)
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

    private mutating func target(allowField: Bool) throws(TokenizerError) -> Statement.Target {
        var targets: [Statement.Target] = []
        let isGrouped = skip(.symbol("("))
        var isTuple = false
        repeat {
            if case .name = current {} else if isTuple { break }
            let name = try name()
            if allowField, skip(.symbol(".")) {
                targets.append(.field(of: name, try self.name()))
            } else {
                guard !["true", "false", "none", "True", "False", "None", "loop"].contains(name) else {
                    throw failure("'\(name)' cannot be assigned to")
                }
                targets.append(.name(name))
            }
            isTuple = current == .symbol(",") || isTuple
        } while skip(.symbol(","))
        if isGrouped { try expect(.symbol(")")) }
        return isTuple ? .several(targets) : targets[0]
    }

    private mutating func macro() throws(TokenizerError) -> Statement {
        let name = try name()
        var parameters: [(name: String, standard: Expression?)] = []
        try expect(.symbol("("))
        while !skip(.symbol(")")) {
            if !parameters.isEmpty { try expect(.symbol(",")) }
            let parameter = try self.name()
            if skip(.symbol("=")) {
                parameters.append((parameter, try expression()))
            } else {
                guard parameters.last?.standard == nil else {
                    throw failure("a parameter without a default follows one with a default")
                }
                parameters.append((parameter, nil))
            }
        }
        return .macro(Macro(name: name, parameters: parameters, body: try body(until: "endmacro")))
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
