import Tensors
import XIR

/// Looking at the values around an operation, as patterns do.
struct PatternMatcher {
    let rewriter: FunctionRewriter
    let constants: [String: Constant]

    func definition(_ value: ValueID) -> Operation? { rewriter.definition(value) }

    func definition(_ value: ValueID, _ name: String) -> Operation? {
        guard let operation = rewriter.definition(value), operation.name == name else { return nil }
        return operation
    }

    func type(_ value: ValueID) -> ValueType { rewriter.type(value) }

    /// The value behind operations that keep the elements: casts between floating-point types (when `casts`), and
    /// with `shapes` also reshape, broadcast and transpose.
    func source(_ value: ValueID, casts: Bool = true, shapes: Bool = false) -> ValueID {
        var current = value
        while let operation = rewriter.definition(current) {
            let isCast =
                operation.name == "cast" && type(current).elementType.isFloatingPoint
                && type(operation.operands[0]).elementType.isFloatingPoint
            let isShaping = ["reshape", "broadcast_to", "transpose"].contains(operation.name)
            guard casts && isCast || shapes && isShaping else { break }
            current = operation.operands[0]
        }
        return current
    }

    /// The module's constant that `value` refers to, through floating-point casts.
    func constantName(_ value: ValueID) -> String? {
        definition(source(value), "constant")?.string("name")
    }

    /// The number, when `value` is a constant with one element (in whatever shape).
    func scalar(_ value: ValueID) -> Double? {
        guard let name = definition(source(value, shapes: true), "constant")?.string("name"),
            let tensor = constants[name]?.tensor, tensor.elementCount == 1
        else { return nil }
        return Double(tensor.floats[0])
    }

    /// The operands of a commutative operation in the order in which `first` accepts its first.
    func operands(_ operation: Operation, first accepts: (ValueID) -> Bool) -> (ValueID, ValueID)? {
        guard operation.operands.count == 2 else { return nil }
        let (left, right) = (operation.operands[0], operation.operands[1])
        if accepts(left) { return (left, right) }
        if accepts(right) { return (right, left) }
        return nil
    }
}

/// One local rewrite in three parts: pattern, check, rewrite.
///
/// A refusal carries its reason.
protocol RewritePattern: Sendable {
    associatedtype Match

    /// The operation at which the pattern ends.
    var roots: [String] { get }

    /// Whether the pattern ends at `operation`.
    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match>

    /// Appends the replacement and returns what takes the place of the root's results.
    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID]
}

/// The outcome of trying a pattern at an operation.
enum PatternMatch<Match> {
    case none
    /// It looked like the pattern, but a condition does not hold.
    case refused(String)
    case matched(Match)
}

/// A pass that applies one pattern wherever it matches, once from front to back.
struct PatternPass<Pattern: RewritePattern>: Pass {
    let name: String
    let pattern: Pattern

    init(_ name: String, _ pattern: Pattern) {
        self.name = name
        self.pattern = pattern
    }

    func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        for index in module.functions.indices {
            var constants = module.constants
            var rewriter = FunctionRewriter(module.functions[index])
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    guard pattern.roots.contains(operation.name) else { return nil }
                    let matcher = PatternMatcher(rewriter: rewriter, constants: constants)
                    switch pattern.match(operation, matcher) {
                    case .none: return nil
                    case .refused(let reason):
                        outcome.refuse(reason)
                        return nil
                    case .matched(let match):
                        outcome.rewrites += 1
                        return try pattern.rewrite(match, operation, &rewriter, &constants)
                    }
                }
            } catch {
                throw CompilerError(.invalidModule, "\(name): \(error.message)", cause: error)
            }
            module.constants = constants
        }
        return outcome
    }
}
