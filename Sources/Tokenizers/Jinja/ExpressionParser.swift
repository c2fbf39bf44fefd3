/// Jinja's expression grammar, one function per level of precedence.
extension Parser {
    /// One expression, or several separated by commas, which make a tuple.
    mutating func tuple(allowConditional: Bool = true, allowEmpty: Bool = false) throws(TokenizerError) -> Expression {
        let line = line
        var items: [Expression] = []
        var isTuple = false
        while !endsTuple {
            items.append(allowConditional ? try expression() : try disjunction())
            guard skip(.symbol(",")) else { break }
            isTuple = true
        }
        if !isTuple, let only = items.first { return only }
        guard !items.isEmpty || allowEmpty else {
            throw failure("expected an expression, found \(Self.describe(current))")
        }
        return try Expression(.tuple(items), line: line)
    }

    private var endsTuple: Bool {
        switch current {
        case .variableEnd, .blockEnd, .end, .symbol(")"): true
        case .name("recursive"): next == .blockEnd
        default: false
        }
    }

    mutating func expression() throws(TokenizerError) -> Expression {
        try nested { (parser) throws(TokenizerError) in try parser.conditional() }
    }

    private mutating func conditional() throws(TokenizerError) -> Expression {
        let line = line
        var result = try disjunction()
        while skip(.name("if")) {
            let condition = try disjunction()
            let otherwise = skip(.name("else")) ? try expression() : nil
            result = try Expression(.conditional(then: result, condition: condition, otherwise: otherwise), line: line)
        }
        return result
    }

    private mutating func disjunction() throws(TokenizerError) -> Expression {
        let line = line
        var left = try conjunction()
        while skip(.name("or")) { left = try Expression(.or(left, try conjunction()), line: line) }
        return left
    }

    private mutating func conjunction() throws(TokenizerError) -> Expression {
        let line = line
        var left = try negation()
        while skip(.name("and")) { left = try Expression(.and(left, try negation()), line: line) }
        return left
    }

    private mutating func negation() throws(TokenizerError) -> Expression {
        let line = line
        guard skip(.name("not")) else { return try comparison() }
        return try Expression(.not(try nested { (parser) throws(TokenizerError) in try parser.negation() }), line: line)
    }

    private mutating func comparison() throws(TokenizerError) -> Expression {
        let line = line
        let first = try sum()
        var rest: [(operation: String, Expression)] = []
        while true {
            if case .symbol(let symbol) = current, ["==", "!=", "<", "<=", ">", ">="].contains(symbol) {
                advance()
                rest.append((symbol, try sum()))
            } else if skip(.name("in")) {
                rest.append(("in", try sum()))
            } else if current == .name("not"), next == .name("in") {
                advance()
                advance()
                rest.append(("not in", try sum()))
            } else {
                return rest.isEmpty ? first : try Expression(.comparison(first, rest), line: line)
            }
        }
    }

    private mutating func sum() throws(TokenizerError) -> Expression {
        let line = line
        var left = try concatenation()
        while case .symbol(let symbol) = current, symbol == "+" || symbol == "-" {
            advance()
            left = try Expression(.arithmetic(symbol, left, try concatenation()), line: line)
        }
        return left
    }

    private mutating func concatenation() throws(TokenizerError) -> Expression {
        let line = line
        var parts = [try product()]
        while skip(.symbol("~")) { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try Expression(.concatenation(parts), line: line)
    }

    private mutating func product() throws(TokenizerError) -> Expression {
        let line = line
        var left = try power()
        while case .symbol(let symbol) = current, ["*", "/", "//", "%"].contains(symbol) {
            advance()
            left = try Expression(.arithmetic(symbol, left, try power()), line: line)
        }
        return left
    }

    private mutating func power() throws(TokenizerError) -> Expression {
        let line = line
        var left = try unary(withFilters: true)
        while skip(.symbol("**")) {
            left = try Expression(.arithmetic("**", left, try unary(withFilters: true)), line: line)
        }
        return left
    }

    private mutating func unary(withFilters: Bool) throws(TokenizerError) -> Expression {
        let line = line
        var result: Expression
        if current == .symbol("-") || current == .symbol("+") {
            let isMinus = current == .symbol("-")
            advance()
            let operand = try nested { (parser) throws(TokenizerError) in try parser.unary(withFilters: false) }
            result = try Expression(isMinus ? .negate(operand) : .plus(operand), line: line)
        } else {
            result = try primary()
        }
        result = try postfix(result)
        return withFilters ? try filters(result) : result
    }

    private mutating func primary() throws(TokenizerError) -> Expression {
        let line = line
        switch current {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return try Expression(.constant(true), line: line)
            case "false", "False": return try Expression(.constant(false), line: line)
            case "none", "None": return try Expression(.constant(.null), line: line)
            default:
                if Macro.extras.contains(name) { extras.insert(name) }
                return try Expression(.name(name), line: line)
            }
        case .string(var text):
            advance()
            while case .string(let more) = current {
                text += more
                advance()
            }
            return try Expression(.text(Text(text)), line: line)
        case .int(let value):
            advance()
            return try Expression(.constant(.int(value)), line: line)
        case .float(let value):
            advance()
            return try Expression(.constant(.double(value)), line: line)
        case .symbol("("):
            advance()
            let inner = try nested { (parser) throws(TokenizerError) in try parser.tuple(allowEmpty: true) }
            try expect(.symbol(")"))
            return inner
        case .symbol("["):
            advance()
            var items: [Expression] = []
            while !skip(.symbol("]")) {
                if !items.isEmpty {
                    try expect(.symbol(","))
                    if skip(.symbol("]")) { break }
                }
                items.append(try expression())
            }
            return try Expression(.list(items), line: line)
        case .symbol("{"):
            advance()
            var entries: [(key: Expression, value: Expression)] = []
            while !skip(.symbol("}")) {
                if !entries.isEmpty {
                    try expect(.symbol(","))
                    if skip(.symbol("}")) { break }
                }
                let key = try expression()
                try expect(.symbol(":"))
                entries.append((key, try expression()))
            }
            return try Expression(.dictionary(entries), line: line)
        default: throw failure("expected an expression, found \(Self.describe(current))")
        }
    }

    private mutating func postfix(_ base: Expression) throws(TokenizerError) -> Expression {
        var result = base
        while true {
            let line = line
            switch current {
            case .symbol("."):
                advance()
                if case .int(let index) = current {
                    advance()
                    result = try Expression(
                        .item(result, try Expression(.constant(.int(index)), line: line)),
                        line: line
                    )
                } else {
                    let name = try name()
                    result = try Expression(.attribute(result, name, Text(name)), line: line)
                }
            case .symbol("["):
                advance()
                result = try subscripted(result, line)
                try expect(.symbol("]"))
            case .symbol("("): result = try Expression(.call(result, try arguments()), line: line)
            default: return result
            }
        }
    }

    private mutating func subscripted(_ base: Expression, _ line: Int) throws(TokenizerError) -> Expression {
        func part(_ parser: inout Parser) throws(TokenizerError) -> Expression? {
            switch parser.current {
            case .symbol(":"), .symbol("]"): nil
            default: try parser.expression()
            }
        }
        let start = try part(&self)
        guard skip(.symbol(":")) else {
            guard let start else { throw failure("expected an index") }
            return try Expression(.item(base, start), line: line)
        }
        let end = try part(&self)
        let step = skip(.symbol(":")) ? try part(&self) : nil
        return try Expression(.slice(base, start, end, step), line: line)
    }

    private mutating func filters(_ base: Expression) throws(TokenizerError) -> Expression {
        var result = base
        while true {
            let line = line
            switch current {
            case .symbol("|"):
                advance()
                let name = try dottedName()
                let arguments = current == .symbol("(") ? try arguments() : Arguments()
                result = try Expression(.filter(result, name, arguments), line: line)
            case .name("is"):
                advance()
                result = try test(result, line)
            case .symbol("("): result = try Expression(.call(result, try arguments()), line: line)
            default: return result
            }
        }
    }

    private mutating func test(_ value: Expression, _ line: Int) throws(TokenizerError) -> Expression {
        let isNegated = skip(.name("not"))
        let name = try dottedName()
        var arguments = Arguments()
        switch current {
        case .symbol("("): arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw failure("tests cannot be chained with 'is'")
        case .name, .string, .int, .float, .symbol("["), .symbol("{"):
            arguments.positional = [
                try nested { (parser) throws(TokenizerError) in try parser.postfix(try parser.primary()) }
            ]
        default: break
        }
        let test = try Expression(.test(value, name, arguments), line: line)
        return isNegated ? try Expression(.not(test), line: line) : test
    }

    mutating func dottedName() throws(TokenizerError) -> String {
        var name = try name()
        while skip(.symbol(".")) { name += "." + (try self.name()) }
        return name
    }

    mutating func arguments() throws(TokenizerError) -> Arguments {
        var arguments = Arguments()
        var isFirst = true
        try expect(.symbol("("))
        while !skip(.symbol(")")) {
            if !isFirst {
                try expect(.symbol(","))
                if skip(.symbol(")")) { break }
            }
            isFirst = false
            if case .name(let name) = current, next == .symbol("=") {
                guard arguments.unpackedNames == nil else { throw failure("a named argument follows '**'") }
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else if skip(.symbol("*")) {
                guard arguments.unpacked == nil, arguments.unpackedNames == nil else {
                    throw failure("'*' must come once, and before '**'")
                }
                arguments.unpacked = try expression()
            } else if skip(.symbol("**")) {
                guard arguments.unpackedNames == nil else { throw failure("'**' must come once") }
                arguments.unpackedNames = try expression()
            } else {
                guard arguments.named.isEmpty, arguments.unpacked == nil, arguments.unpackedNames == nil else {
                    throw failure("a positional argument follows a named one")
                }
                arguments.positional.append(try expression())
            }
        }
        return arguments
    }
}
