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
        var entry = fresh(rows) ?? Entry(seconds: seconds, count: 0, step: 0)
        entry.count += 1
        entry.step = stepCount
        entry.seconds += max(Self.weight, 1 / Double(entry.count)) * (min(seconds, 2 * entry.seconds) - entry.seconds)
        entries[rows] = entry
    }

    /// Seconds of a step, between measured ones by a straight line and beyond them as the nearest; nil before the first.
    func seconds(rows: Int) -> Double? {
        let below = (0...rows).reversed().lazy.compactMap { rows in fresh(rows).map { (rows, $0.seconds) } }.first
        let above = (rows..<max(rows, entries.count)).lazy
            .compactMap { rows in fresh(rows).map { (rows, $0.seconds) } }.first
        guard let low = below ?? above, let high = above ?? below else { return nil }
        guard low.0 < high.0 else { return low.1 }
        return low.1 + (high.1 - low.1) * Double(rows - low.0) / Double(high.0 - low.0)
    }

    private func fresh(_ rows: Int) -> Entry? {
        guard entries.indices.contains(rows), let entry = entries[rows] else { return nil }
        return stepCount - entry.step < Self.lifetime ? entry : nil
    }
}
