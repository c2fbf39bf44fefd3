import Tokenizers

/// Turns a JSON schema into a grammar.
///
/// The answer has the properties in the order in which the schema names them, and only those that it names where it does
/// not say `additionalProperties`. `oneOf` is taken as `anyOf`. Work is bounded, and schemas are entered from a list, not by recursion through references.
struct SchemaCompiler {
    static let mostValues = 50_000
    static let mostAlternatives = 1_000
    private static let deepest = 256
    private static let booleans = Automaton.words(["true", "false"])
    /// About the bytes that compiling a value takes: its nodes, its place, its keywords without annotations.
    private static let valueSize = 600

    let document: JSONValue
    var builder = GrammarBuilder()
    var budget: CompileBudget
    /// Where each schema begins that ends on its own: by what it says, and by the references to it.
    private var entries: [JSONValue: Int] = [:]
    private var references: [ExactString: Int] = [:]
    private var waiting: [(schema: JSONValue, path: SchemaPath, entry: Int)] = []
    /// The node of each schema, to say which one cannot be satisfied.
    private var compiled: [(path: SchemaPath, node: Int)] = []
    /// How many schemas are being compiled that are parts of each other.
    private var depth = 0
    var anyEntry: Int?
    /// Whether keywords that cannot be held are left out, and those that were.
    private let relaxes: Bool
    private var relaxed: [String] = []
    /// The automata of patterns and numbers, by what they are; nil for one that accepts nothing.
    private var automata: [ExactString: Automaton?] = [:]

    /// Throws for what is unsound, not supported, without any valid value, or too large; the message names the place.
    static func grammar(
        _ document: JSONValue,
        around frame: AnswerFrame,
        _ resources: GrammarResources
    ) throws(GrammarError) -> Grammar {
        var compiler = SchemaCompiler(document, resources)
        try compiler.checkSize()
        let end =
            frame.suffix.isEmpty ? GrammarBuilder.end : compiler.builder.literal(frame.suffix, then: GrammarBuilder.end)
        let root = try compiler.value(document, at: SchemaPath.root, then: end)
        while let next = compiler.waiting.popLast() {
            let node = try compiler.value(next.schema, at: next.path, then: GrammarBuilder.end)
            compiler.builder.define(next.entry, as: node)
        }
        let completable = compiler.builder.completable()
        guard completable[root] else {
            let place = compiler.compiled.last { !completable[$0.node] }?.path ?? SchemaPath.root
            throw GrammarError(.unsatisfiable, place, "no value that could be written is valid here")
        }
        let start = frame.begin(&compiler.builder, root)
        return compiler.builder.grammar(
            root: start,
            compiler.builder.completable(),
            compiler.budget,
            relaxed: compiler.relaxed
        )
    }

    private init(_ document: JSONValue, _ resources: GrammarResources) {
        self.document = document
        budget = CompileBudget(resources)
        relaxes = resources.relaxes
    }

    private func checkSize() throws(GrammarError) {
        guard document.count <= Self.mostValues else {
            throw GrammarError(.tooLarge, SchemaPath.root, "the schema has more than \(Self.mostValues) values")
        }
    }

    /// The node of one value that a schema asks for.
    mutating func value(_ schema: JSONValue, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        try budget.spend(CompileBudget.edge, at: path)
        try budget.take(Self.valueSize, at: path)
        guard builder.nodes.count <= GrammarBuilder.mostNodes else {
            throw GrammarError(.tooLarge, path, "the schema is too large to be compiled: make it smaller here")
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw GrammarError(.tooLarge, path, "schemas are nested more than \(Self.deepest) deep")
        }
        let node: Int
        switch schema {
        case .bool(true): node = try anyValue(at: path, then: next)
        case .bool(false): node = builder.choice([])
        case .object(let object): node = try relaxedly(object, at: path, then: next)
        default: throw GrammarError(.invalidSchema, path, "a schema is an object or a boolean")
        }
        compiled.append((path, node))
        return node
    }

    /// What a schema asks for, without the keywords that cannot be held where that is allowed.
    private mutating func relaxedly(
        _ object: JSONObject,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        var object = object
        while true {
            do throws(GrammarError) {
                return try asked(by: object, at: path, then: next)
            } catch {
                guard relaxes, error.code == .unsupported, let keyword = error.keyword, object[keyword] != nil,
                    error.path.isAt(path)
                else { throw error }
                object[keyword] = nil
                relaxed.append("\(keyword) at \(path)")
            }
        }
    }

    private mutating func asked(by object: JSONObject, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int
    {
        try budget.spend(object.keys.reduce(0) { $0 + $1.utf8.count } * CompileBudget.edge / 4, at: path)
        try SchemaKeywords.check(object, at: path)
        let schema = try SchemaMerging(path: path).nullableAsType(SchemaKeywords.assertions(of: object))
        if let reference = schema["$ref"] {
            let (target, pointer) = try resolve(reference, at: path)
            if schema.count == 1 { return builder.call(try entry(of: pointer, target), then: next) }
            return try merged([target], schema, without: "$ref", at: path, then: next)
        }
        if let parts = schema["allOf"] {
            return try merged(try schemas(parts, "allOf", at: path), schema, without: "allOf", at: path, then: next)
        }
        for keyword in ["anyOf", "oneOf"] {
            if let parts = schema[keyword] { return try union(parts, schema, keyword, at: path, then: next) }
        }
        if schema["enum"] != nil || schema["const"] != nil { return try constants(schema, at: path, then: next) }
        var nodes: [Int] = []
        for type in try types(of: schema, at: path) { nodes.append(try value(of: type, schema, at: path, then: next)) }
        return builder.choice(nodes)
    }

    /// Makes an automaton, or takes the one that was made for an equal description.
    mutating func automaton(
        _ description: String,
        _ make: (inout CompileBudget) throws(GrammarError) -> Automaton?
    ) throws(GrammarError) -> Automaton? {
        if let known = automata[ExactString(description)] { return known }
        let automaton = try make(&budget)
        automata[ExactString(description)] = .some(automaton)
        return automaton
    }

    /// Text that the schema gives.
    mutating func literal(_ text: String, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        try budget.spend(text.utf8.count * CompileBudget.state / 4, at: path)
        try budget.take(text.utf8.count * 16 + 800, at: path)
        return builder.literal(text, then: next)
    }

    // MARK: References and combinations

    /// A node of values that end on their own, shared by all equal schemas: so schemas within themselves come to an end.
    mutating func entry(of schema: JSONValue, at path: SchemaPath) throws(GrammarError) -> Int {
        try budget.spend(schema.weight * CompileBudget.edge, at: path)
        if let entry = entries[schema] { return entry }
        try budget.take(Self.valueSize, at: path)
        let entry = builder.placeholder()
        entries[schema] = entry
        waiting.append((schema, path, entry))
        return entry
    }

    private mutating func entry(of pointer: String, _ schema: JSONValue) throws(GrammarError) -> Int {
        if let entry = references[ExactString(pointer)] { return entry }
        let entry = try entry(of: schema, at: SchemaPath(pointer))
        references[ExactString(pointer)] = entry
        return entry
    }

    mutating func resolve(_ reference: JSONValue, at path: SchemaPath) throws(GrammarError) -> (JSONValue, String) {
        guard let pointer = reference.string else {
            throw GrammarError(.invalidSchema, path, "'$ref' is a string")
        }
        guard pointer.hasPrefix("#") else {
            throw GrammarError(
                .unsupported,
                path,
                "'$ref' to another document ('\(pointer.prefix(100))'): put it into '$defs'",
                keyword: "$ref"
            )
        }
        try budget.spend(pointer.utf8.count * CompileBudget.edge / 4, at: path)
        guard let target = SchemaPath.resolve(pointer, in: document) else {
            throw GrammarError(.invalidSchema, path, "'$ref': there is nothing at '\(pointer.prefix(100))'")
        }
        return (target, pointer)
    }

    /// Schemas that must all hold, beside the rest of the one that they stand in.
    private mutating func merged(
        _ parts: [JSONValue],
        _ schema: JSONObject,
        without keyword: String,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        // What is referred to comes first, as a base does; so do its properties.
        var all = JSONValue.bool(true)
        let rest = JSONValue.object(SchemaKeywords.assertions(of: schema, without: [keyword]))
        for part in parts + [rest] {
            all = try SchemaMerging(path: path).merge(all, try withoutAnnotations(part, at: path), &budget)
        }
        return builder.call(try entry(of: all, at: path), then: next)
    }

    private func withoutAnnotations(_ schema: JSONValue, at path: SchemaPath) throws(GrammarError) -> JSONValue {
        guard let object = schema.object else { return schema }
        try SchemaKeywords.check(object, at: path)
        return .object(SchemaKeywords.assertions(of: object))
    }

    private mutating func union(
        _ parts: JSONValue,
        _ schema: JSONObject,
        _ keyword: String,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        let rest = JSONValue.object(SchemaKeywords.assertions(of: schema, without: [keyword]))
        var nodes: [Int] = []
        for (index, part) in try schemas(parts, keyword, at: path).enumerated() {
            let place = SchemaPath.child(path, keyword, String(index))
            let merged =
                schema.count == 1
                ? part : try SchemaMerging(path: place).merge(rest, try withoutAnnotations(part, at: place), &budget)
            nodes.append(try value(merged, at: place, then: next))
        }
        return builder.choice(nodes)
    }

    private func schemas(_ value: JSONValue, _ keyword: String, at path: SchemaPath) throws(GrammarError) -> [JSONValue]
    {
        guard let schemas = value.array, !schemas.isEmpty else {
            throw GrammarError(.invalidSchema, path, "'\(keyword)' is a list of at least one schema")
        }
        guard schemas.count <= Self.mostAlternatives else {
            throw GrammarError(.tooLarge, path, "'\(keyword)' has more than \(Self.mostAlternatives) schemas")
        }
        return schemas
    }

    // MARK: Types

    func types(of schema: JSONObject, at path: SchemaPath) throws(GrammarError) -> [String] {
        if let type = schema["type"] {
            let names = (type.array ?? [type]).map(\.string)
            for name in names where name.map(SchemaKeywords.allTypes.contains) != true {
                throw GrammarError(
                    .invalidSchema,
                    path,
                    "'type' is one or several of \(SchemaKeywords.allTypes.joined(separator: ", "))"
                )
            }
            let types = names.compactMap(\.self)
            return types.contains("number") ? types.filter { $0 != "integer" } : types
        }
        // Without a type a schema means the one that its keywords speak of.
        let meant = Set(schema.keys.flatMap { SchemaKeywords.types[$0] ?? [] })
        return SchemaKeywords.allTypes.filter { meant.isEmpty ? $0 != "integer" : meant.contains($0) }
    }

    private mutating func value(
        of type: String,
        _ schema: JSONObject,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        switch type {
        case "object": try object(schema, at: path, then: next)
        case "array": try array(schema, at: path, then: next)
        case "string": try string(schema, at: path, then: next)
        case "number": try number(schema, isWhole: false, at: path, then: next)
        case "integer": try number(schema, isWhole: true, at: path, then: next)
        case "boolean": builder.word(Self.booleans, then: next)
        default: builder.literal("null", then: next)
        }
    }
}

extension JSONValue {
    /// How many values there are in this one.
    fileprivate var count: Int {
        switch self {
        case .array(let elements): elements.reduce(1) { $0 + $1.count }
        case .object(let object): object.values.reduce(1) { $0 + $1.count }
        default: 1
        }
    }

    /// What comparing this value takes, in units of about a value: its values, and its texts by their lengths.
    var weight: Int {
        switch self {
        case .array(let elements): elements.reduce(1) { $0 + $1.weight }
        case .object(let object):
            object.values.reduce(1) { $0 + $1.weight } + object.keys.reduce(0) { $0 + $1.utf8.count / 16 }
        case .string(let text): 1 + text.utf8.count / 16
        default: 1
        }
    }
}
