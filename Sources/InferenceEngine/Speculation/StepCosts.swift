/// How long a step of decoding takes, by its rows.
///
/// Measured while serving, because it depends on the model, the machine, the contexts, and on what else runs. Where memory is
/// the limit, a few rows more cost next to nothing; where multiplying is, they cost in full.
struct StepCosts: Sendable, Hashable {
    private struct Entry: Hashable {
        var seconds: Double
        var count: Int
        var step: Int
    }

    /// By rows; nil where no step had so many.
    private var entries: [Entry?] = []
    private var stepCount = 0

    /// What has not been measured in so many steps is forgotten, since machines change their speed.
    private static let lifetime = 1000
    private static let weight = 0.1

    /// Takes a measurement; one that is far above what is known counts as twice that, so that a hiccup is no rule.
    mutating func record(rows: Int, seconds: Double) {
        guard rows > 0, seconds > 0, seconds.isFinite else { return }
        stepCount += 1
        if rows >= entries.count { entries += repeatElement(nil, count: rows + 1 - entries.count) }
        var entry = Entry(seconds: seconds, count: 0, step: 0)
        if let known = entries[rows], fresh(rows) != nil { entry = known }
        entry.count += 1
        entry.step = stepCount
        entry.seconds += max(Self.weight, 1 / Double(entry.count)) * (min(seconds, 2 * entry.seconds) - entry.seconds)
        entries[rows] = entry
    }

    /// The most rows of which something is known.
    var mostRows: Int { entries.indices.last { fresh($0) != nil } ?? 0 }

    /// Whether a step was measured that had so many rows.
    func isKnown(_ rows: ClosedRange<Int>) -> Bool {
        rows.contains { $0 < entries.count && fresh($0) != nil }
    }

    /// Seconds of steps with so many rows: between measured ones by a straight line, beyond them as the nearest.
    ///
    /// Empty before the first measurement.
    func seconds(rows: ClosedRange<Int>) -> [Double] {
        let known = entries.indices.compactMap { rows in fresh(rows).map { (rows: rows, seconds: $0) } }
        guard !known.isEmpty else { return [] }
        var next = 0
        return rows.map { rows in
            while next < known.count, known[next].rows <= rows { next += 1 }
            let (low, high) = (known[max(0, next - 1)], known[min(next, known.count - 1)])
            guard low.rows < high.rows else { return low.seconds }
            return low.seconds
                + (high.seconds - low.seconds) * Double(rows - low.rows) / Double(high.rows - low.rows)
        }
    }

    private func fresh(_ rows: Int) -> Double? {
        guard let entry = entries[rows], stepCount - entry.step < Self.lifetime else { return nil }
        return entry.seconds
    }
}
