#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Foundation
#endif

/// How often which time passed between two tokens, in buckets 1 % wide: there are too many to keep each.
package struct GapHistogram: Sendable, Hashable {
    private var counts: [Int] = []
    package private(set) var total = 0

    private static let width = log(1.01)
    private static let shortest = 1e-7

    package mutating func add(_ seconds: Double, count: Int = 1) {
        let bucket = seconds <= Self.shortest ? 0 : Int(log(seconds / Self.shortest) / Self.width)
        if bucket >= counts.count { counts += repeatElement(0, count: bucket + 1 - counts.count) }
        counts[bucket] += count
        total += count
    }

    /// The middle of the bucket in which that share of all gaps ends; 0 for none.
    package func quantile(_ fraction: Double) -> Double {
        var left = Int((fraction * Double(total)).rounded(.up))
        for (bucket, count) in counts.enumerated() {
            left -= count
            if left <= 0, count > 0 { return Self.shortest * exp((Double(bucket) + 0.5) * Self.width) }
        }
        return 0
    }
}
