package import DeviceSimulation

/// What a plan is made for, beside the device.
package struct PlanOptions: Sendable, Hashable {
    /// The model's name, for the report.
    package var model: String
    package var shape: DecoderShape
    package var form = DecoderWork.Form.float16
    package var workload = Workload.vibeThinker
    package var seed: UInt64 = 0
    /// The most requests in one step, and the most rows.
    package var maxSequences = 256
    package var tokenBudget = 2048
    package var prefixCaching = false
    /// The share of the device's memory that weights, values and cache may take.
    package var memoryShare = 0.95
    /// Requests a second for one replica; nil searches the largest within the targets.
    package var arrivalRate: Double?
    /// Seconds of traffic that are measured at `arrivalRate`; nil measures `requests` of them.
    package var duration: Double?
    /// Requests that are measured in each simulation.
    package var requests = 600
    /// Seconds to the first token and for each token after it, that this share of requests must keep.
    package var targetTimeToFirst = 2.0
    package var targetTimePerToken = 0.1
    package var targetShare = 0.95
    /// People, how often each asks in a day, and when.
    package var users: Int?
    package var requestsPerUser = 5.0
    package var profile = DayProfile.day
    /// US dollars an hour in place of the descriptor's.
    package var pricePerHour: Double?
    /// The share of problems that the model solves at the first attempt.
    package var passAt1: Double?
    /// Loads at which the curves of a plot are drawn; 0 for none.
    package var curvePoints = 0

    package init(model: String, shape: DecoderShape) {
        self.model = model
        self.shape = shape
    }

    /// Throws for the first number that makes no sense, with the option that set it.
    package func validate() throws(CapacityError) {
        func require(_ holds: Bool, _ reason: String) throws(CapacityError) {
            if !holds { throw CapacityError(.invalidInput, reason) }
        }
        try require((1...4096).contains(maxSequences), "--max-sequences is from 1 to 4096")
        try require((1...1 << 20).contains(tokenBudget), "--token-budget is from 1 to \(1 << 20)")
        try require(maxSequences <= tokenBudget, "--max-sequences must not be above --token-budget")
        try require((20...1_000_000).contains(requests), "--requests is from 20 to 1000000")
        try require(arrivalRate.map { $0 > 0 && $0 <= 1e6 } ?? true, "--arrival-rate is above 0, and at most 1e6")
        try require(duration.map { $0 > 0 && $0 <= 1e7 } ?? true, "--duration is above 0, and at most 1e7 seconds")
        try require(duration == nil || arrivalRate != nil, "--duration needs --arrival-rate")
        try require(
            (arrivalRate ?? 0) * (duration ?? 0) <= 1_000_000,
            "--arrival-rate for --duration is more than 1000000 requests: shorten it"
        )
        try require((1e-6...1e6).contains(targetTimeToFirst), "--target-ttft is from 1e-6 to 1e6 seconds")
        try require((1e-6...1e6).contains(targetTimePerToken), "--target-tpot is from 1e-6 to 1e6 seconds")
        try require((0.5...0.999).contains(targetShare), "--target-share is from 0.5 to 0.999")
        try require(users.map { (1...10_000_000_000).contains($0) } ?? true, "--users is from 1 to 10000000000")
        try require((1e-6...1e6).contains(requestsPerUser), "--requests-per-user is from 1e-6 to 1e6 a day")
        try require(pricePerHour.map { (0...1e6).contains($0) } ?? true, "--price-per-hour is from 0 to 1e6")
        try require(passAt1.map { $0 > 0 && $0 <= 1 } ?? true, "--pass-at-1 is above 0, and at most 1")
        try require(
            (0...LengthDistribution.longest).contains(workload.sharedPrefix),
            "--shared-prefix is from 0 to \(LengthDistribution.longest)"
        )
    }
}
