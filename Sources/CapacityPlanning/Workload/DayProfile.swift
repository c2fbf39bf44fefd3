/// How a day's requests are spread over its hours.
package struct DayProfile: Sendable, Hashable {
    /// Each hour's requests beside the mean hour's; 24 numbers with a mean of 1.
    package let hours: [Double]

    /// Throws for anything but 24 numbers that are not negative and not all 0.
    package init(_ weights: [Double]) throws(CapacityError) {
        let sum = weights.reduce(0, +)
        guard weights.count == 24, weights.allSatisfy({ $0 >= 0 && $0.isFinite }), sum > 0, sum.isFinite else {
            throw CapacityError(
                .invalidInput,
                "a day's profile has 24 numbers, one for each hour, none negative and not all 0; there are \(weights.count)"
            )
        }
        hours = weights.map { $0 * 24 / sum }
    }

    private init(hours: [Double]) {
        self.hours = hours
    }

    package static let flat = DayProfile(hours: [Double](repeating: 1, count: 24))

    /// Quiet at night, two thirds above the mean in the evening: an assumption, as any service has its own.
    package static let day = DayProfile(
        hours: {
            let weights: [Double] = [
                4, 3, 2, 2, 2, 3, 5, 8, 12, 14, 15, 14, 12, 13, 15, 16, 16, 15, 14, 17, 20, 19, 13, 8,
            ]
            let mean = weights.reduce(0, +) / 24
            return weights.map { $0 / mean }
        }()
    )

    package var peak: Double { hours.max() ?? 1 }
}
