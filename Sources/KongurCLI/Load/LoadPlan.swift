import Foundation
import InferenceEngine

/// When requests are sent.
struct LoadPlan: Sendable {
    enum Arrivals: Sendable {
        /// A closed loop: so many clients, each of which waits for its answer.
        case clients(Int)
        /// An open loop: so many requests a second on average, whatever becomes of them.
        case rate(Double)
    }

    var arrivals: Arrivals
    /// The most requests; nil is without limit.
    var requests: Int?
    /// After which no request begins.
    var duration: Duration?
    var seed: UInt64

    var description: String {
        switch arrivals {
        case .clients(let count): count == 1 ? "1 client" : "\(count) clients"
        case .rate(let rate): "\(rate) requests a second"
        }
    }

    /// When each request of an open loop begins, counted from the beginning.
    ///
    /// The times between them have an exponential distribution, as those of independent people have.
    func arrivalTimes(rate: Double) -> some Sequence<Duration> {
        let random = RandomSource(seed: seed)
        var time = 0.0
        var count = 0
        return AnyIterator {
            guard count < requests ?? .max else { return nil }
            time -= log(1 - random.uniform(at: count)) / rate
            count += 1
            let arrival = Duration.seconds(time)
            return arrival < duration ?? .seconds(1 << 32) ? arrival : nil
        }
    }
}
