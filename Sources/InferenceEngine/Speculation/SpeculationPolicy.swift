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
    /// Steps of so many rows are tried without having measured half of them.
    private static let boldRows = 8
    private static let weight = 0.02

    init(_ speculation: Speculation) {
        self.speculation = speculation
    }

    /// A draft for each of the sequences, which all decode; together at most `room` tokens.
    ///
    /// `isMeasured` says that the step does nothing else, so that its cost is known. When it is not, there are no automatic
    /// drafts.
    func drafts(for sequences: [RunningSequence], room: Int, isMeasured: Bool) -> [Draft] {
        guard room > 0, speculation == .automatic ? isMeasured : speculation != .off else { return [] }
        let matches = sequences.map { match($0) }
        // Most steps of most texts end here.
        guard matches.contains(where: { $0 != nil }) else { return [] }
        let counts = speculation == .automatic ? counts(sequences, matches, room) : sequences.map { limit(of: $0) }
        var room = room
        return sequences.indices.map { index in
            guard let match = matches[index], counts[index] > 0, room > 0 else { return .none }
            let (tokens, stops) = (sequences[index].tokens, sequences[index].stopTokenIDs)
            let draft = Drafter.draft(match, of: tokens, count: min(counts[index], room), stopTokenIDs: stops)
            room -= draft.tokens.count
            return draft
        }
    }

    private func match(_ sequence: RunningSequence) -> NGramIndex.Match? {
        guard limit(of: sequence) > 0 else { return nil }
        var drafter = sequence.drafter.take() ?? Drafter(acceptance: acceptance)
        defer { sequence.drafter = drafter }
        return drafter.match(sequence.tokens)
    }

    /// The longest draft of a sequence; a step gives one token more than are accepted.
    private func limit(of sequence: RunningSequence) -> Int {
        min(speculation.limit, sequence.maxLength - sequence.tokens.count - 1)
    }

    /// What pays, and now and then a token where nothing does, to see whether that has changed.
    private func counts(_ sequences: [RunningSequence], _ matches: [NGramIndex.Match?], _ room: Int) -> [Int] {
        let chances = zip(sequences, matches).map { sequence, match in
            guard let match, let drafter = sequence.drafter else { return [] as [Double] }
            return drafter.acceptance.chances(agreement: match.agreement, limit: limit(of: sequence))
        }
        var counts = Self.counts(chances, room: room, costs)
        for (index, sequence) in sequences.enumerated() where matches[index] != nil {
            if counts[index] > 0 {
                sequence.drafter?.resume()
            } else if sequence.drafter?.isTrialDue() == true {
                counts[index] = 1
            }
        }
        return counts
    }

    /// How many tokens of each draft raise the tokens per second the most, when each sequence has one row besides.
    ///
    /// `chances` are those of `DraftAcceptance`: each the tokens that one more row is expected to give. All rows cost
    /// alike, so the best ones go first, and the best number of them is where the tokens per second peak. Steps much
    /// larger than any that was measured are not tried at once.
    static func counts(_ chances: [[Double]], room: Int, _ costs: StepCosts) -> [Int] {
        var counts = [Int](repeating: 0, count: chances.count)
        let rows = chances.count
        let candidates = chances.enumerated()
            .flatMap { index, chances in chances.map { (index: index, chance: $0) } }
            .sorted { $0.chance > $1.chance }
            .prefix(max(0, min(room, max(boldRows, 2 * costs.mostRows) - rows)))
        let seconds = costs.seconds(rows: rows...rows + candidates.count)
        guard let plain = seconds.first else { return counts }
        var tokens = Double(rows)
        var best = (speed: margin * tokens / plain, count: 0)
        for (offset, candidate) in candidates.enumerated() {
            tokens += candidate.chance
            let speed = tokens / seconds[offset + 1]
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

    /// How long a step with so many rows takes; nil where no step was measured that had as many, or up to twice as many.
    func seconds(rows: Int) -> Double? {
        costs.isKnown(rows...2 * rows) ? costs.seconds(rows: rows...rows).first : nil
    }
}
