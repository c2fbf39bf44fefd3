import Tensors
import XIR

/// Turns the look-up of rows in a constant matrix into `embedding`, with the table as it is stored.
struct FuseEmbedding: RewritePattern {
    let roots = ["gather"]

    struct Match {
        var ids: ValueID
        var table: ValueID
    }

    func match(_ operation: Operation, _ matcher: PatternMatcher) -> PatternMatch<Match> {
        let (x, ids) = (operation.operands[0], operation.operands[1])
        guard matcher.constantName(x) != nil, matcher.type(x).rank == 2 else { return .none }
        guard matcher.type(x).elementType == .float32 else { return .none }
        guard operation.integer("axis") == 0 else { return .refused("a table is looked up along axis 1") }
        return .matched(Match(ids: ids, table: matcher.source(x)))
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
