/// Walks a parsed template and writes its text; the other files of this folder extend it by expressions, filters,
/// tests and methods.
///
/// One renderer renders once. It stops with an error when `Work` is used up, so that no template can hang or exhaust
/// memory or the stack.
final class Renderer {
    var work: Work
    let template: ParsedTemplate
    /// Seconds since 1970, for `strftime_now`.
    let now: Int
    /// Whether what is written is escaped for HTML, as `{% autoescape %}` asks.
    private(set) var autoescape = false
    private var output = Text()
    /// The names of the template itself.
    private let root = Scope(in: nil)
    /// Loops, macros and blocks have a scope of their own, branches have not.
    private var scope: Scope
    /// Namespaces, and scopes that macros hold, so that cycles between them can be cut at the end.
    private var namespaces: [Namespace] = []
    private var heldScopes: [Scope] = []

    private enum Flow { case normal, breakLoop, continueLoop }

    init(_ template: ParsedTemplate, now: Int, work: Work = Work()) {
        self.template = template
        self.now = now
        self.work = work
        scope = root
    }

    /// Sets a variable of the template.
    func define(_ name: String, _ value: Value) { root.values[name] = value }

    deinit {
        for namespace in namespaces { namespace.fields = OrderedFields() }
        for scope in heldScopes { scope.values = [:] }
    }

    func render() throws(TokenizerError) -> MarkedText {
        _ = try run(template.body)
        return output.marked
    }

    func failure(_ reason: String, _ line: Int) -> TokenizerError {
        TokenizerError(.templateFailed, "chat template, line \(line): \(reason)")
    }

    func lookUp(_ name: String) -> Value {
        scope.lookUp(name) ?? global(name) ?? .undefined(what: "'\(name)' is undefined")
    }

    func makeNamespace(_ fields: OrderedFields<Value>) -> Value {
        let namespace = Namespace(fields)
        namespaces.append(namespace)
        return .namespace(namespace)
    }

    private func write(_ text: Text) throws(TokenizerError) {
        guard output.count + text.count <= Work.longestText else {
            throw TokenizerError(.limitExceeded, "chat template: a text of more than \(Work.longestText) characters")
        }
        try work.charge(text: text.count)
        output.append(text)
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
        case .output(let expression):
            let text = try text(of: try evaluate(expression))
            try write(autoescape ? text.escaped : text)
        case .branch(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition).isTrue { return try run(branch.body) }
            return try run(otherwise)
        case .loop(let loop): try run(loop, over: try evaluate(loop.items), in: scope, depth: 0)
        case .set(let target, let expression): try assign(try evaluate(expression), to: target, line: expression.line)
        case .setBlock(let target, let filters, let body):
            let text = try capture { (renderer) throws(TokenizerError) in _ = try renderer.run(body) }
            try assign(try apply(filters, to: .string(text)), to: target, line: filters.first?.line ?? 0)
        case .macro(let macro): scope.values[macro.name] = closure(macro)
        case .callBlock(let expression, let caller): try write(try text(of: try call(expression, caller)))
        case .filterBlock(let filters, let body):
            let text = try capture { (renderer) throws(TokenizerError) in _ = try renderer.run(body) }
            try write(try self.text(of: try apply(filters, to: .string(text))))
        case .with(let values, let body):
            var names: [String: Value] = [:]
            for (name, expression) in values { names[name] = try evaluate(expression) }
            let outer = scope
            scope = Scope(in: outer, names)
            defer { scope = outer }
            return try run(body)
        case .block(let name, let isScoped):
            guard isScoped else {
                try write(try block(name))
                break
            }
            try write(
                try capture { (renderer) throws(TokenizerError) in _ = try renderer.run(template.blocks[name] ?? []) }
            )
        case .autoescape(let expression, let body):
            let outer = autoescape
            autoescape = try evaluate(expression).isTrue
            defer { autoescape = outer }
            return try run(body)
        case .otherTemplate(let tag, let line):
            throw failure("'\(tag)' needs another template, and a chat template stands alone", line)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .normal
    }

    // MARK: Loops

    private func run(
        _ loop: Statement.Loop,
        over value: Value,
        in outer: Scope,
        depth: Int
    ) throws(TokenizerError) {
        var items = try self.items(of: value, line: loop.line)
        let before = scope
        defer { scope = before }
        if let filter = loop.filter {
            var kept: [Value] = []
            for item in items {
                scope = Scope(in: outer)
                try assign(item, to: loop.target, line: loop.line)
                if try evaluate(filter).isTrue { kept.append(item) }
            }
            items = kept
        }
        if items.isEmpty {
            scope = Scope(in: outer)
            _ = try run(loop.otherwise)
            return
        }
        let state = LoopState(
            items: try checked(ValueList(items)),
            depth: depth,
            recursion: loop.isRecursive ? (loop, outer) : nil
        )
        for (index, item) in items.enumerated() {
            try work.charge()
            state.index = index
            scope = Scope(in: outer, ["loop": .loop(state)])
            try assign(item, to: loop.target, line: loop.line)
            if try run(loop.body) == .breakLoop { break }
        }
    }

    /// `loop(items)` inside of a recursive loop.
    func recur(_ loop: LoopState, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        guard let recursion = loop.recursion else { throw failure("only a recursive loop can be called", line) }
        guard let items = arguments.positional.first else { throw failure("'loop' needs what to go through", line) }
        try work.enter()
        defer { work.leave() }
        return .string(
            try capture { (renderer) throws(TokenizerError) in
                try renderer.run(recursion.loop, over: items, in: recursion.scope, depth: loop.depth + 1)
            }
        )
    }

    // MARK: Blocks

    /// Runs a part and returns its text.
    private func capture(
        _ part: (Renderer) throws(TokenizerError) -> Void
    ) throws(TokenizerError) -> Text {
        let (outerText, outerScope) = (output, scope)
        output = Text()
        scope = Scope(in: outerScope)
        defer {
            output = outerText
            scope = outerScope
        }
        try part(self)
        var text = output
        text.isMarkup = autoescape
        return text
    }

    /// The text of a block, which sees the template's own names alone.
    func block(_ name: String) throws(TokenizerError) -> Text {
        try work.enter()
        defer { work.leave() }
        let outer = scope
        scope = root
        defer { scope = outer }
        return try capture { (renderer) throws(TokenizerError) in _ = try renderer.run(template.blocks[name] ?? []) }
    }

    private func apply(_ filters: [Statement.FilterCall], to value: Value) throws(TokenizerError) -> Value {
        var value = value
        for filter in filters {
            value = try apply(filter.name, to: value, try evaluate(filter.arguments, filter.line), line: filter.line)
        }
        return value
    }

    private func assign(_ value: Value, to target: Statement.Target, line: Int) throws(TokenizerError) {
        switch target {
        case .name(let name): scope.values[name] = value
        case .field(let name, let field):
            guard case .namespace(let namespace)? = scope.lookUp(name) else {
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

    // MARK: Macros

    private func closure(_ macro: Macro) -> Value {
        if heldScopes.last !== scope { heldScopes.append(scope) }
        return .function(.macro(macro, scope))
    }

    private func call(_ expression: Expression, _ caller: Macro) throws(TokenizerError) -> Value {
        guard case .call(let callee, let arguments) = expression.kind else {
            throw failure("{% call %} needs the call of a macro", expression.line)
        }
        let function = try evaluate(callee)
        var values = try evaluate(arguments, expression.line)
        values.named.append(("caller", closure(caller)))
        return try call(function, values, expression.line)
    }

    /// Calls a macro: its body sees its parameters, and the names where it was defined.
    func call(_ macro: Macro, in outer: Scope, _ arguments: CallArguments, line: Int) throws(TokenizerError) -> Value {
        try work.enter()
        defer { work.leave() }
        let names = macro.parameters.map(\.name)
        var more = CallArguments()
        var given = arguments
        if macro.extras.contains("varargs") {
            more.positional = Array(given.positional.dropFirst(names.count))
            given.positional = Array(given.positional.prefix(names.count))
        }
        if let place = given.named.firstIndex(where: { $0.name == "caller" }), macro.extras.contains("caller"),
            !names.contains("caller")
        {
            more.named.append(given.named.remove(at: place))
        }
        if macro.extras.contains("kwargs") {
            let isOther = { (argument: (name: String, value: Value)) in !names.contains(argument.name) }
            more.named += given.named.filter(isOther)
            given.named.removeAll(where: isOther)
        }
        try given.check(names) { (reason) in failure("macro '\(macro.name)' \(reason)", line) }
        let (outerScope, outerText) = (scope, output)
        let inner = Scope(in: outer)
        (scope, output) = (inner, Text())
        defer { (scope, output) = (outerScope, outerText) }
        if macro.extras.contains("varargs") { inner.values["varargs"] = try list(more.positional, kind: .tuple) }
        if macro.extras.contains("caller"), !names.contains("caller") {
            inner.values["caller"] =
                more.named.first { $0.name == "caller" }?.value ?? .undefined(what: "no caller is defined")
        }
        if macro.extras.contains("kwargs") {
            var fields = ValueFields()
            for (name, value) in more.named where name != "caller" || !macro.extras.contains("caller") {
                fields.set(Text(name), to: value)
            }
            inner.values["kwargs"] = try dictionary(fields)
        }
        for (index, parameter) in macro.parameters.enumerated() {
            if let value = given.value(index, parameter.name) {
                inner.values[parameter.name] = value
            } else if let standard = parameter.standard {
                inner.values[parameter.name] = try evaluate(standard)
            } else {
                inner.values[parameter.name] = .undefined(what: "parameter '\(parameter.name)' was not provided")
            }
        }
        _ = try run(macro.body)
        var text = output
        text.isMarkup = autoescape
        return .string(text)
    }
}
