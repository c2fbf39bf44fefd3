import Tensors
import XIR

/// Turns the look-up of rows in a constant matrix into `embedding`, with the table as it is stored.
///
/// The rows come as float32, whether the graph casts the table or the rows that it took.
struct FuseEmbedding: RewritePattern {
    let roots = ["gather", "cast"]

    struct Match {
        var ids: ValueID
        var table: ValueID
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        guard matcher.type(operation.results[0]).elementType == .float32,
            let gather = operation.name == "gather" ? operation : matcher.definition(operation.operands[0], "gather"),
            matcher.constantName(gather.operands[0]) != nil, matcher.type(gather.operands[0]).rank == 2,
            matcher.type(gather.operands[0]).elementType.isFloatingPoint
        else { return .none }
        guard gather.integer("axis") == 0 else { return .refused("a table is looked up along axis 1") }
        return .matched(Match(ids: gather.operands[1], table: matcher.source(gather.operands[0])))
    }

    func rewrite(
        _ match: Match,
        _ operation: Operation,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant]
    ) throws(XIRError) -> [ValueID] {
        try rewriter.append("embedding", [match.ids, match.table])
    }
}
