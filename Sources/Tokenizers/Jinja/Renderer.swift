/// Walks a parsed template and writes its text; the other files of this folder extend it by expressions, filters,
/// tests and methods.
///
/// One renderer renders once. It stops with an error when `Work` is used up, so that no template can hang or exhaust
/// memory or the stack.
final class Renderer {
    var work = Work()
    private var output = ""
    /// Names by scope, innermost last.
    ///
    /// Loops, macros and blocks have a scope of their own, branches have not.
    private var scopes: [[String: Value]]
    /// Every namespace made, so that cycles between them can be cut at the end.
    private var namespaces: [Namespace] = []
    /// Seconds since 1970, for `strftime_now`.
    let now: Int

    private enum Flow { case normal, breakLoop, continueLoop }

    init(now: Int) {
        scopes = [[:]]
        self.now = now
    }

    /// Sets a variable of the template.
    func define(_ name: String, _ value: JSONValue) throws(TokenizerError) {
        scopes[0][name] = try self.value(value)
    }

    deinit {
        for namespace in namespaces { namespace.fields = OrderedFields() }
    }

    func render(_ template: [Statement]) throws(TokenizerError) -> String {
        _ = try run(template)
        return output
    }

    func failure(_ reason: String, _ line: Int) -> TokenizerError {
        TokenizerError(.templateFailed, "chat template, line \(line): \(reason)")
    }

    func lookUp(_ name: String) -> Value? {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return nil
    }

    func makeNamespace(_ fields: OrderedFields<Value>) -> Value {
        let namespace = Namespace(fields)
        namespaces.append(namespace)
        return .namespace(namespace)
    }

    private func write(_ text: String) throws(TokenizerError) {
        try work.charge(text: output.utf8.count + text.utf8.count, adding: text.utf8.count)
        output += text
    }

    private func run(_ statements: [Statement]) throws(TokenizerError) -> Flow {
        for statement in statements {
            let flow = try run(statement)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private func run(_ statement: Statement) throws(TokenizerError) -> Flow {
        try work.enter()
        defer { work.leave() }
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression): try write(try text(of: try evaluate(expression)))
        case .branch(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition).isTrue { return try run(branch.body) }
            return try run(otherwise)
        case .loop(let loop): return try run(loop)
        case .set(let target, let expression): try assign(try evaluate(expression), to: target, line: expression.line)
        case .setBlock(let target, let filters, let body):
            try assign(try apply(filters, to: try capture(body)), to: target, line: filters.first?.line ?? 0)
        case .macro(let macro): scopes[scopes.count - 1][macro.name] = .function(.macro(macro))
        case .filterBlock(let filters, let body):
            try write(try text(of: try apply(filters, to: try capture(body))))
        case .with(let values, let body):
            var scope: [String: Value] = [:]
            for (name, expression) in values { scope[name] = try evaluate(expression) }
            scopes.append(scope)
            defer { scopes.removeLast() }
            return try run(body)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .normal
    }

    private func run(_ loop: Statement.Loop) throws(TokenizerError) -> Flow {
        var items = try self.items(of: try evaluate(loop.items), line: loop.line)
        if let filter = loop.filter {
            var kept: [Value] = []
            for item in items {
                scopes.append([:])
                defer { scopes.removeLast() }
                try assign(item, to: loop.target, line: loop.line)
                if try evaluate(filter).isTrue { kept.append(item) }
            }
            items = kept
        }
        if items.isEmpty { return try run(loop.otherwise) }
        let state = LoopState(items: try checked(ValueList(items)))
        for (index, item) in items.enumerated() {
            try work.charge()
            state.index = index
            scopes.append(["loop": .loop(state)])
            defer { scopes.removeLast() }
            try assign(item, to: loop.target, line: loop.line)
            if try run(loop.body) == .breakLoop { break }
        }
        return .normal
    }

    /// Runs statements and returns their text as a value.
    private func capture(_ body: [Statement], scope: [String: Value] = [:]) throws(TokenizerError) -> Value {
        let outer = output
        output = ""
        scopes.append(scope)
        defer {
            scopes.removeLast()
            output = outer
        }
        _ = try run(body)
        return .string(output)
    }

    private func apply(_ filters: [Statement.FilterCall], to value: Value) throws(TokenizerError) -> Value {
        var value = value
        for filter in filters {
            value = try apply(filter.name, to: value, try evaluate(filter.arguments), line: filter.line)
        }
        return value
    }

    private func assign(_ value: Value, to target: Statement.Target, line: Int) throws(TokenizerError) {
        switch target {
        case .name(let name): scopes[scopes.count - 1][name] = value
        case .field(let name, let field):
            guard case .namespace(let namespace) = lookUp(name) else {
                throw failure("'\(name)' is not a namespace, so '\(name).\(field)' cannot be set", line)
            }
            guard !field.hasPrefix("_") else { throw failure("a namespace's field cannot start with '_'", line) }
            namespace.fields[field] = value
        case .several(let targets):
            let parts = try items(of: value, line: line)
            guard parts.count == targets.count else {
                throw failure("\(parts.count) values cannot be assigned to \(targets.count) names", line)
            }
            for (part, target) in zip(parts, targets) { try assign(part, to: target, line: line) }
        }
    }

    /// Calls a macro: its body sees the template's own names and its parameters.
    func call(_ macro: Macro, _ arguments: CallArguments, line: Int) throws(TokenizerError) -> Value {
        guard arguments.positional.count <= macro.parameters.count else {
            throw failure("macro '\(macro.name)' takes \(macro.parameters.count) arguments", line)
        }
        if let unknown = arguments.named.first(where: { named in !macro.parameters.contains { $0.name == named.name } })
        {
            throw failure("macro '\(macro.name)' has no parameter '\(unknown.name)'", line)
        }
        try work.enter()
        defer { work.leave() }
        let outer = scopes
        scopes = [scopes[0], [:]]
        defer { scopes = outer }
        for (index, parameter) in macro.parameters.enumerated() {
            if let value = arguments.value(index, parameter.name) {
                scopes[1][parameter.name] = value
            } else if let standard = parameter.standard {
                scopes[1][parameter.name] = try evaluate(standard)
            } else {
                scopes[1][parameter.name] = .undefined(what: "parameter '\(parameter.name)' was not provided")
            }
        }
        return try capture(macro.body)
    }
}

/// Evaluated arguments of a call.
struct CallArguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []

    /// The argument at a position or, if it was not given there, by name.
    func value(_ position: Int, _ name: String) -> Value? {
        position < positional.count ? positional[position] : named.first { $0.name == name }?.value
    }
}
