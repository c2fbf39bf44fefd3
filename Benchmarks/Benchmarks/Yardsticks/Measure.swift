import Benchmark

/// What one benchmark does again and again.
package struct Work {
    /// Before each measurement, and not measured.
    var prepare: () throws -> Void
    var run: () throws -> Void

    package init(prepare: @escaping () throws -> Void = {}, run: @escaping () throws -> Void) {
        self.prepare = prepare
        self.run = run
    }
}

extension BenchmarkMetric {
    /// The time in thousandths of the yardstick's: what thresholds are about.
    static let besideYardstick = custom("Thousandths of the yardstick", useScalingFactor: false)
    static let megabytes = custom("MB / s", polarity: .prefersLarger, useScalingFactor: false)
    static let operations = custom("GOP / s", polarity: .prefersLarger, useScalingFactor: false)
}

/// Registers a benchmark of the work that `make` prepares when its turn has come.
///
/// An error of the work ends the process: the tool would pass over one that it is told of.
package func measure(_ name: String, beside yardstick: Yardstick, _ make: @escaping () throws -> Work) {
    var metrics: [BenchmarkMetric] = [.wallClock, .throughput, .besideYardstick]
    if case .limit(let bytes, let operations, _) = yardstick {
        metrics = [.wallClock, .besideYardstick]
        if bytes > 0 { metrics.append(.megabytes) }
        if operations > 0 { metrics.append(.operations) }
    }
    var thresholds = Dictionary(uniqueKeysWithValues: metrics.map { ($0, BenchmarkThresholds.none) })
    thresholds[.besideYardstick] = BenchmarkThresholds(relative: [.p90: 30])
    var state: (work: Work, memory: Memory)?
    Benchmark(
        name,
        configuration: .init(
            metrics: metrics,
            warmupIterations: 3,
            maxDuration: .seconds(3),
            maxIterations: 1000,
            thresholds: thresholds
        ),
        closure: { benchmark in
            guard let (work, memory) = state else { return }
            orEnd { try work.prepare() }
            let before = yardstick.half(memory)
            benchmark.startMeasurement()
            let time = seconds { orEnd(work.run) }
            benchmark.stopMeasurement()
            let after = yardstick.half(memory)
            let limit = max(before.read + after.read, before.multiply + after.multiply)
            benchmark.measurement(.besideYardstick, Int((1000 * time / limit).rounded()))
            if case .limit(let bytes, let operations, _) = yardstick {
                benchmark.measurement(.megabytes, Int(Double(bytes) / time / 1e6))
                benchmark.measurement(.operations, Int(Double(operations) / time / 1e9))
            }
        },
        setup: { state = (orEnd(make), Memory()) },
        teardown: { state = nil }
    )
}

private func orEnd<Result>(_ body: () throws -> Result) -> Result {
    do { return try body() } catch { fatalError("\(error)") }
}
