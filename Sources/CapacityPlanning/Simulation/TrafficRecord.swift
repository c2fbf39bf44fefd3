/// What a simulated replica did with its traffic.
package struct TrafficRecord: Sendable {
    package struct Request: Sendable, Hashable {
        package var arrival: Double
        /// When its first and its last token were there.
        package var first: Double
        package var last: Double
        package var tokens: Int

        package var timeToFirst: Double { first - arrival }
        package var total: Double { last - arrival }
        /// Seconds for each token after the first; nil for answers of one.
        package var timePerToken: Double? { tokens > 1 ? (last - first) / Double(tokens - 1) : nil }
    }

    /// The measured requests, in the order of their arrival.
    package var requests: [Request] = []
    /// Between two tokens of a request, of all requests from the first measured arrival on.
    package var gaps = GapHistogram()
    /// From the first measured arrival to the last one, or to the end where all came at once.
    package var seconds = 0.0
    /// Tokens written in that time, and tokens of prompts.
    package var answerTokens = 0.0
    /// Of that time, the seconds in which a step ran, and the mean and largest share of cache blocks in use.
    package var busySeconds = 0.0
    package var occupancy = 0.0
    package var peakOccupancy = 0.0
    /// The mean of how many requests ran at once, and how many there were at most.
    package var concurrency = 0.0
    package var peakConcurrency = 0
    /// Of the whole simulation, the seconds in which requests were waiting, and what was written in them.
    package var backlogSeconds = 0.0
    package var backlogTokens = 0.0
    /// Over the whole simulation.
    package var preemptions = 0
    package var steps = 0
    /// Steps that were taken in stretches, without looking at each.
    package var quietSteps = 0

    package var tokensPerSecond: Double { seconds > 0 ? answerTokens / seconds : 0 }
    package var utilisation: Double { seconds > 0 ? busySeconds / seconds : 0 }
}

/// A percentile, and the range in which it lies in 19 of 20 cases.
package struct Percentile: Sendable, Hashable, Codable {
    package var value: Double
    package var low: Double
    package var high: Double

    /// Of sorted values; nil for none.
    ///
    /// By order statistics: the places that a binomial count of values below it leaves likely, taking the values to be
    /// independent.
    package init?(_ fraction: Double, ofSorted values: [Double]) {
        guard !values.isEmpty else { return nil }
        let (count, last) = (Double(values.count), values.count - 1)
        func at(_ place: Double) -> Double { values[min(last, max(0, Int(place.rounded(.up)) - 1))] }
        let spread = 1.96 * (count * fraction * (1 - fraction)).squareRoot()
        value = at(fraction * count)
        low = at(fraction * count - spread)
        high = at(fraction * count + spread)
    }
}
