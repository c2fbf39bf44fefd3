/// A parsed template: what the renderer walks.
indirect enum Statement: Sendable {
    case text(Text)
    case output(Expression)
    case branch([(condition: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    case set(Target, Expression)
    case setBlock(Target, filters: [FilterCall], body: [Statement])
    case macro(Macro)
    case filterBlock([FilterCall], body: [Statement])
    /// A call whose macro may ask for the body by calling `caller`.
    case callBlock(Expression, caller: Macro)
    case with([(name: String, value: Expression)], body: [Statement])
    /// A named part; it sees the template's own names, and those around it only if it is scoped.
    case block(name: String, isScoped: Bool)
    case autoescape(Expression, body: [Statement])
    /// A tag that needs other templates, of which there are none.
    case otherTemplate(tag: String, line: Int)
    case breakLoop
    case continueLoop

    struct Loop: Sendable {
        var target: Target
        var items: Expression
        var filter: Expression?
        var body: [Statement]
        var otherwise: [Statement]
        var isRecursive: Bool
        var line: Int
    }

    /// What a value is assigned to: a name, a field of a namespace, or several of them.
    indirect enum Target: Sendable {
        case name(String)
        case field(of: String, String)
        case several([Target])
    }

    struct FilterCall: Sendable {
        var name: String
        var arguments: Arguments
        var line: Int
    }
}

/// A template that has been parsed.
struct ParsedTemplate: Sendable {
    var body: [Statement]
    var blocks: [String: [Statement]]
}

/// A macro: a named piece of template with parameters.
final class Macro: Sendable {
    let name: String
    let parameters: [(name: String, standard: Expression?)]
    let body: [Statement]
    /// Which of `varargs`, `kwargs` and `caller` the body speaks of: a macro takes what it has a use for.
    let extras: Set<String>

    static let extras: Set<String> = ["varargs", "kwargs", "caller"]

    init(
        name: String,
        parameters: [(name: String, standard: Expression?)],
        body: [Statement],
        extras: Set<String>
    ) {
        self.name = name
        self.parameters = parameters
        self.body = body
        self.extras = extras
    }
}

struct Arguments: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []
    /// `*items` and `**mapping`.
    var unpacked: Expression?
    var unpackedNames: Expression?

    var expressions: [Expression] {
        positional + named.map(\.value) + [unpacked, unpackedNames].compactMap { $0 }
    }
}

/// An expression.
///
/// Its height is limited when it is made, so that walking and freeing it cannot exhaust the stack.
final class Expression: Sendable {
    static let highest = 100

    let kind: Kind
    let line: Int
    let height: Int

    enum Kind: Sendable {
        case constant(JSONValue)
        case text(Text)
        case name(String)
        case list([Expression])
        case tuple([Expression])
        case dictionary([(key: Expression, value: Expression)])
        case attribute(Expression, String, Text)
        case item(Expression, Expression)
        case slice(Expression, Expression?, Expression?, Expression?)
        case call(Expression, Arguments)
        case filter(Expression, String, Arguments)
        case test(Expression, String, Arguments)
        case negate(Expression)
        case plus(Expression)
        case not(Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case arithmetic(String, Expression, Expression)
        case concatenation([Expression])
        case comparison(Expression, [(operation: String, Expression)])
        case conditional(then: Expression, condition: Expression, otherwise: Expression?)
    }

    init(_ kind: Kind, line: Int) throws(TokenizerError) {
        self.kind = kind
        self.line = line
        height = 1 + Self.children(kind).reduce(0) { max($0, $1.height) }
        guard height <= Self.highest else {
            throw TokenizerError(
                .limitExceeded,
                "chat template, line \(line): an expression is nested more than \(Self.highest) levels deep"
            )
        }
    }

    private static func children(_ kind: Kind) -> [Expression] {
        switch kind {
        case .constant, .text, .name: []
        case .list(let items), .tuple(let items), .concatenation(let items): items
        case .dictionary(let entries): entries.flatMap { [$0.key, $0.value] }
        case .attribute(let base, _, _), .negate(let base), .plus(let base), .not(let base): [base]
        case .item(let left, let right), .and(let left, let right), .or(let left, let right),
            .arithmetic(_, let left, let right):
            [left, right]
        case .slice(let base, let start, let end, let step): [base] + [start, end, step].compactMap { $0 }
        case .call(let base, let arguments), .filter(let base, _, let arguments), .test(let base, _, let arguments):
            [base] + arguments.expressions
        case .comparison(let first, let rest): [first] + rest.map(\.1)
        case .conditional(let then, let condition, let otherwise): [then, condition] + [otherwise].compactMap { $0 }
        }
    }
}
