/// How measured values are spread.
struct Distribution: Encodable {
    var mean: Double
    var p50: Double
    var p90: Double
    var p99: Double
    var max: Double

    /// Nil for no values.
    init?(_ values: [Double]) {
        guard let greatest = values.max() else { return nil }
        let sorted = values.sorted()
        mean = values.reduce(0, +) / Double(values.count)
        p50 = Self.quantile(0.5, ofSorted: sorted)
        p90 = Self.quantile(0.9, ofSorted: sorted)
        p99 = Self.quantile(0.99, ofSorted: sorted)
        max = greatest
    }

    /// The middle of the values; 0 for none.
    static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : quantile(0.5, ofSorted: values.sorted())
    }

    /// Between the two nearest values in proportion.
    private static func quantile(_ fraction: Double, ofSorted values: [Double]) -> Double {
        let place = fraction * Double(values.count - 1)
        let below = Int(place)
        let above = Swift.min(below + 1, values.count - 1)
        return values[below] + (place - Double(below)) * (values[above] - values[below])
    }
}
