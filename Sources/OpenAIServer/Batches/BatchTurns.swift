import BatchJobs

/// Whose line is asked next: of the owner that has fewest under way for its weight, and of its batches the one that has
/// fewest; equal ones take turns.
///
/// A value without a clock. Owners share the places that there are for lines. One that has less than its share need not
/// wait until the line of another is over: the engine shares its own places among them then.
struct BatchTurns: Sendable {
    /// A batch with lines that are not asked yet.
    struct Waiting: Sendable {
        var batch: Batch
        var lines: ArraySlice<BatchLine>
    }

    /// Lines under way, by owner and by batch.
    private var owners: [String: Int] = [:]
    private var batches: [String: Int] = [:]
    /// The turn in which an owner or a batch was last chosen.
    private var chosen: [String: UInt64] = [:]
    private var turn: UInt64 = 0

    /// Lines that are under way.
    var count: Int { owners.values.reduce(0, +) }

    mutating func began(_ batch: Batch) {
        turn += 1
        owners[batch.owner, default: 0] += 1
        batches[batch.id, default: 0] += 1
        chosen["owner " + batch.owner] = turn
        chosen["batch " + batch.id] = turn
    }

    mutating func ended(_ batch: Batch) {
        Self.decrease(&owners, batch.owner)
        Self.decrease(&batches, batch.id)
    }

    private static func decrease(_ counts: inout [String: Int], _ key: String) {
        let left = counts[key, default: 0] - 1
        counts[key] = left > 0 ? left : nil
    }

    /// Forgets whose turn it was of all that have no batch any more.
    mutating func forget(allBut open: [Batch]) {
        let known = Set(open.flatMap { ["owner " + $0.owner, "batch " + $0.id] })
        chosen = chosen.filter { known.contains($0.key) }
    }

    /// Whether an owner may have one more line under way, where those in `all` have lines to ask.
    ///
    /// `places` are there for lines together, and an owner has one at least.
    func hasRoom(_ owner: String, among all: Set<String>, places: Int, weights: [String: Int]) -> Bool {
        if count < places { return true }
        let sum = all.union(owners.keys).reduce(0) { $0 + Self.weight($1, weights) }
        return owners[owner, default: 0] < max(1, max(0, places) * Self.weight(owner, weights) / max(1, sum))
    }

    /// The place in `waiting` of the batch whose next line is asked; nil when none can be.
    func next(_ waiting: [Waiting], places: Int, weights: [String: Int]) -> Int? {
        let all = Set(waiting.map(\.batch.owner))
        let open = all.filter { hasRoom($0, among: all, places: places, weights: weights) }
        return waiting.indices.filter { !waiting[$0].lines.isEmpty && open.contains(waiting[$0].batch.owner) }
            .min { left, right in
                let (one, other) = (waiting[left].batch, waiting[right].batch)
                if one.owner != other.owner {
                    let (ones, others) = (owners[one.owner, default: 0], owners[other.owner, default: 0])
                    let (a, b) = (ones * Self.weight(other.owner, weights), others * Self.weight(one.owner, weights))
                    if a != b { return a < b }
                    return chosen["owner " + one.owner, default: 0] < chosen["owner " + other.owner, default: 0]
                }
                let (lines, otherLines) = (batches[one.id, default: 0], batches[other.id, default: 0])
                if lines != otherLines { return lines < otherLines }
                return chosen["batch " + one.id, default: 0] < chosen["batch " + other.id, default: 0]
            }
    }

    private static func weight(_ owner: String, _ weights: [String: Int]) -> Int { max(1, weights[owner, default: 1]) }
}
