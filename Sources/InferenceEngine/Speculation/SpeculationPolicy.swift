/// Decides how many tokens are drafted in a step, from what drafts have been worth and what rows cost.
///
/// It has no clock: the seconds come with `record`.
struct SpeculationPolicy {
    let speculation: Speculation
    private var costs = StepCosts()
    /// Of all sequences; a new one begins with it.
    private var acceptance = DraftAcceptance()

    /// A gain must be expected to be this large before measurements, which waver, are trusted.
    private static let margin = 1.05
    /// Drafts that are hardly ever right are not looked at.
    private static let leastChance = 0.02
    private static let weight = 0.02

    init(_ speculation: Speculation) {
        self.speculation = speculation
    }

    /// A draft for each of the sequences, which all decode; together at most `room` tokens.
    ///
    /// `isMeasured` says that the step does nothing else, so that its cost is known. When it is not, there are no automatic
    /// drafts.
    func drafts(for sequences: [RunningSequence], room: Int, isMeasured: Bool) -> [Draft] {
        guard room > 0, speculation == .automatic ? isMeasured : speculation != .off else {
            return sequences.map { _ in .none }
        }
        let drafts = sequences.map { sequence in
            var drafter = sequence.drafter.take() ?? Drafter(acceptance: acceptance)
            defer { sequence.drafter = drafter }
            return drafter.draft(
                after: sequence.tokens,
                // The step draws one token more than are accepted.
                limit: min(speculation.limit, sequence.maxLength - sequence.tokens.count - 1),
                stopTokenIDs: sequence.stopTokenIDs
            )
        }
        guard speculation == .automatic else { return Self.cut(drafts, to: drafts.map(\.tokens.count), room: room) }
        let chances = zip(sequences, drafts).map { $0.drafter?.acceptance.chances($1) ?? [] }
        var counts = Self.counts(chances, room: room, costs)
        for (index, sequence) in sequences.enumerated() where !drafts[index].isEmpty {
            if counts[index] > 0 {
                sequence.drafter?.resume()
            } else if sequence.drafter?.isTrialDue() == true {
                counts[index] = 1
            }
        }
        return Self.cut(drafts, to: counts, room: room)
    }

    /// How many tokens of each draft raise the tokens per second the most, when each sequence has one row besides.
    ///
    /// `chances` are those of `DraftAcceptance`: each the tokens that one more row is expected to give. All rows cost
    /// alike, so the best ones go first, and the best number of them is where the tokens per second peak.
    static func counts(_ chances: [[Double]], room: Int, _ costs: StepCosts) -> [Int] {
        var counts = [Int](repeating: 0, count: chances.count)
        let rows = chances.count
        guard let plain = costs.seconds(rows: rows) else { return counts }
        let candidates = chances.enumerated()
            .flatMap { index, chances in chances.map { (index: index, chance: $0) } }
            .filter { $0.chance >= leastChance }
            .sorted { $0.chance > $1.chance }
        var tokens = Double(rows)
        var best = (speed: margin * tokens / plain, count: 0)
        for (offset, candidate) in candidates.prefix(room).enumerated() {
            tokens += candidate.chance
            let speed = tokens / (costs.seconds(rows: rows + offset + 1) ?? plain)
            if speed > best.speed { best = (speed, offset + 1) }
        }
        for candidate in candidates.prefix(best.count) { counts[candidate.index] += 1 }
        return counts
    }

    /// Learns how many tokens of a sequence's draft were right.
    mutating func record(_ draft: Draft, accepted: Int, of sequence: RunningSequence) {
        acceptance.record(draft, accepted: accepted, weight: Self.weight)
        sequence.drafter?.record(draft, accepted: accepted)
    }

    /// Learns how long a step took that did nothing but decode.
    mutating func record(rows: Int, seconds: Double) {
        costs.record(rows: rows, seconds: seconds)
    }

    private static func cut(_ drafts: [Draft], to counts: [Int], room: Int) -> [Draft] {
        var room = room
        return zip(drafts, counts).map { draft, count in
            let count = min(count, room)
            room -= count
            return draft.prefix(count)
        }
    }
}
