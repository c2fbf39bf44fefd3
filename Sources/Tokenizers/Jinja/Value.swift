/// What a template computes with: Python's values, as far as chat templates see them.
///
/// Values do not change once made, as in Jinja's immutable sandbox; only a namespace's fields do.
indirect enum Value {
    /// Nothing there; `what` is named when it is used.
    case undefined(what: String)
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list(ValueList)
    case dictionary(ValueDictionary)
    case namespace(Namespace)
    case loop(LoopState)
    case function(Function)

    enum Function {
        case macro(Macro)
        case global(String)
        case method(of: Value, String)
    }

    /// How deep containers may hold each other.
    static let deepest = 64

    /// How many containers deep this value is.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .dictionary(let dictionary): dictionary.depth
        case .loop(let loop): loop.items.depth + 1
        case .function(.method(let receiver, _)): receiver.depth + 1
        default: 0
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
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
        case .namespace, .loop, .function: true
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
        case .list: "a list"
        case .dictionary: "a mapping"
        case .namespace: "a namespace"
        case .loop: "the loop"
        case .function: "a function"
        }
    }
}

struct ValueList {
    let items: [Value]
    let depth: Int
    /// A tuple, which is written with parentheses and equals no list.
    let isTuple: Bool

    init(_ items: [Value], isTuple: Bool = false) {
        self.items = items
        self.isTuple = isTuple
        depth = 1 + items.reduce(0) { max($0, $1.depth) }
    }
}

struct ValueDictionary {
    let fields: OrderedFields<Value>
    let depth: Int

    init(_ fields: OrderedFields<Value>) {
        self.fields = fields
        depth = 1 + fields.values.reduce(0) { max($0, $1.depth) }
    }
}

/// The one value that a template can change, so that a loop can hand something out.
final class Namespace {
    var fields: OrderedFields<Value>

    init(_ fields: OrderedFields<Value>) { self.fields = fields }
}

/// What `loop` is inside a loop.
final class LoopState {
    let items: ValueList
    var index = 0

    init(items: ValueList) { self.items = items }

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
        // Only recursive loops, which are not supported, go deeper.
        case "depth": return .int(1)
        case "depth0": return .int(0)
        case "previtem": return index > 0 ? items.items[index - 1] : .undefined(what: "there is no previous item")
        case "nextitem": return index + 1 < count ? items.items[index + 1] : .undefined(what: "there is no next item")
        default: return nil
        }
    }
}
