/// What a template computes with: Python's values, as far as chat templates see them.
///
/// Values do not change once made, as in Jinja's immutable sandbox; only a namespace's fields, and what iterates, do.
indirect enum Value {
    /// Nothing there; `what` is named when it is used.
    case undefined(what: String)
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(Text)
    case list(ValueList)
    case dictionary(ValueDictionary)
    case generator(Generator)
    case namespace(Namespace)
    case loop(LoopState)
    case cycler(Cycler)
    case function(Function)

    enum Function {
        case macro(Macro, Scope)
        case global(String)
        case method(of: Value, String)
        /// The body of a block, or of a `{% call %}`.
        case block(String)
        /// A joiner, which is empty when it is called first.
        case joiner(Cycler)
    }

    static func text(_ text: String) -> Value { .string(Text(text)) }

    /// How deep containers may hold each other.
    static let deepest = 64

    /// How many containers deep this value is.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .dictionary(let dictionary): dictionary.depth
        case .generator(let generator): generator.depth
        case .loop(let loop): loop.items.depth + 1
        case .cycler(let cycler): cycler.items.depth + 1
        case .function(.method(let receiver, _)): receiver.depth + 1
        default: 0
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    var isNone: Bool {
        if case .none = self { true } else { false }
    }

    /// Python's truth of a value.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .list(let list): !list.items.isEmpty
        case .dictionary(let dictionary): !dictionary.fields.isEmpty
        case .loop, .generator, .namespace, .cycler, .function: true
        }
    }

    /// What the value is called in an error message.
    var kind: String {
        switch self {
        case .undefined(let what): "undefined (\(what))"
        case .none: "none"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .list(let list): list.kind == .tuple ? "a tuple" : "a list"
        case .dictionary: "a mapping"
        case .generator: "a generator"
        case .namespace: "a namespace"
        case .loop: "the loop"
        case .cycler: "a cycler"
        case .function: "a function"
        }
    }
}

struct ValueList {
    enum Kind: Equatable {
        case list
        case tuple
        /// What `groupby` gives: a tuple whose two items have names.
        case group
        /// The keys, values or items of a mapping, which have no positions.
        case view(String)
        case range(start: Int, end: Int, step: Int)
    }

    let items: [Value]
    let depth: Int
    let kind: Kind

    init(_ items: [Value], kind: Kind = .list) {
        self.items = items
        self.kind = kind
        depth = 1 + items.reduce(0) { max($0, $1.depth) }
    }

    var isTuple: Bool { kind == .tuple || kind == .group }
    var isView: Bool { if case .view = kind { true } else { false } }
    var isRange: Bool { if case .range = kind { true } else { false } }
}

struct ValueDictionary {
    let fields: ValueFields
    let depth: Int

    init(_ fields: ValueFields) {
        self.fields = fields
        depth = 1 + max(fields.keys.reduce(0) { max($0, $1.depth) }, fields.values.reduce(0) { max($0, $1.depth) })
    }

    subscript(name: Text) -> Value? { fields[.string(name)] }
}

/// What can be iterated once.
final class Generator {
    private let items: [Value]
    private var position = 0
    let depth: Int

    init(_ items: [Value]) {
        self.items = items
        depth = 1 + items.reduce(0) { max($0, $1.depth) }
    }

    func next() -> Value? {
        guard position < items.count else { return nil }
        position += 1
        return items[position - 1]
    }

    func rest() -> [Value] {
        defer { position = items.count }
        return Array(items[position...])
    }
}

/// A value that a template can change, so that a loop can hand something out.
final class Namespace {
    var fields: OrderedFields<Value>

    init(_ fields: OrderedFields<Value>) { self.fields = fields }
}

/// What goes round through some values, and how often it has been asked.
final class Cycler {
    let items: ValueList
    var position = 0

    init(_ items: ValueList) { self.items = items }

    var current: Value { items.items.isEmpty ? .none : items.items[position % items.items.count] }
}

/// The names of a block, inside those of the blocks around it.
final class Scope {
    var values: [String: Value] = [:]
    let outer: Scope?

    init(in outer: Scope?, _ values: [String: Value] = [:]) {
        self.outer = outer
        self.values = values
    }

    func lookUp(_ name: String) -> Value? {
        var scope: Scope? = self
        while let here = scope {
            if let value = here.values[name] { return value }
            scope = here.outer
        }
        return nil
    }
}

/// What `loop` is inside a loop.
final class LoopState {
    let items: ValueList
    let depth: Int
    /// The loop itself, where it may be called with further items.
    let recursion: (loop: Statement.Loop, scope: Scope)?
    var index = 0
    var lastChecked: [Value]?

    init(items: ValueList, depth: Int, recursion: (loop: Statement.Loop, scope: Scope)?) {
        self.items = items
        self.depth = depth
        self.recursion = recursion
    }

    func attribute(_ name: String) -> Value? {
        let count = items.items.count
        switch name {
        case "index": return .int(index + 1)
        case "index0": return .int(index)
        case "revindex": return .int(count - index)
        case "revindex0": return .int(count - index - 1)
        case "first": return .bool(index == 0)
        case "last": return .bool(index == count - 1)
        case "length": return .int(count)
        case "depth": return .int(depth + 1)
        case "depth0": return .int(depth)
        case "previtem": return index > 0 ? items.items[index - 1] : .undefined(what: "there is no previous item")
        case "nextitem": return index + 1 < count ? items.items[index + 1] : .undefined(what: "there is no next item")
        default: return nil
        }
    }
}
