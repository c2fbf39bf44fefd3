package import DeviceSimulation
package import InferenceEngine

/// Runs the engine's scheduler under a clock of its own: what a replica does with traffic, without a model or a device.
///
/// The scheduler is the one that serves. Steps that decide nothing are taken in stretches: a step's time is then a straight
/// line over its number, or the stretch is halved until it is one, so the sum is what the single steps would give. What
/// differs is rounding, and that block tables are sent as wide as at the stretch's end.
package struct TrafficSimulation {
    package let limits: SchedulingLimits
    /// Seconds of a step.
    private let seconds: (BatchShape) -> Double
    /// Off, every step is scheduled by itself.
    package var takesStretches = true

    /// `limits` are without speculation.
    package init(_ limits: SchedulingLimits, seconds: @escaping (BatchShape) -> Double) {
        self.limits = limits
        self.seconds = seconds
    }

    /// Runs until the requests in `measured` have been answered; the others are there for the company.
    ///
    /// `requests` are in the order of arrival. Throws for a prompt that can never be held.
    package func run(
        _ requests: [PlannedRequest],
        measured: Range<Int>,
        sharedPrefix: Int = 0
    ) throws(CapacityError) -> TrafficRecord {
        var run = TrafficRun(self, requests, measured: measured, sharedPrefix: sharedPrefix)
        try run.run()
        return run.result
    }

    fileprivate func stepSeconds(_ batch: BatchShape) -> Double { seconds(batch) }
}

private struct TrafficRun: ~Copyable {
    private let simulation: TrafficSimulation
    private let requests: [PlannedRequest]
    private let measured: Range<Int>
    private let sharedPrefix: Int
    private var scheduler: Scheduler
    private var now = 0.0
    private var next = 0
    private var record = TrafficRecord()
    private var first: [Double]
    private var last: [Double]
    private var tokens: [Int]
    /// Measured requests that have not ended.
    private var open: Int
    /// The time that is measured.
    private let window: ClosedRange<Double>
    private var occupied = 0.0
    private var running = 0.0

    init(_ simulation: TrafficSimulation, _ requests: [PlannedRequest], measured: Range<Int>, sharedPrefix: Int) {
        self.simulation = simulation
        self.requests = requests
        self.measured = measured
        self.sharedPrefix = sharedPrefix
        scheduler = Scheduler(simulation.limits)
        first = [Double](repeating: -1, count: requests.count)
        last = first
        tokens = [Int](repeating: 0, count: requests.count)
        open = measured.count
        let start = measured.isEmpty ? 0 : requests[measured.lowerBound].arrival
        let end = measured.isEmpty ? 0 : requests[measured.upperBound - 1].arrival
        window = start...(end > start ? end : .infinity)
    }

    var result: TrafficRecord {
        var record = record
        record.seconds = min(window.upperBound, now) - window.lowerBound
        if record.seconds > 0 {
            record.occupancy = occupied / record.seconds
            record.concurrency = running / record.seconds
        }
        record.preemptions = scheduler.statistics.preemptions
        record.steps = scheduler.statistics.steps
        record.requests = measured.map {
            TrafficRecord.Request(arrival: requests[$0].arrival, first: first[$0], last: last[$0], tokens: tokens[$0])
        }
        return record
    }

    mutating func run() throws(CapacityError) {
        while open > 0 {
            if !scheduler.hasWork { now = max(now, requests[next].arrival) }
            while next < requests.count, requests[next].arrival <= now {
                try add(next)
                next += 1
            }
            if simulation.takesStretches, takeStretch() { continue }
            step()
        }
    }

    private mutating func add(_ index: Int) throws(CapacityError) {
        let request = requests[index]
        // Token 0 is what all draw; a prompt has its own behind what all share, so that nothing else is found in the cache.
        let shared = min(sharedPrefix, request.prompt - 1)
        let prompt = [Int](repeating: 1, count: shared) + [Int](repeating: index + 2, count: request.prompt - shared)
        do {
            try scheduler.add(
                GenerationRequest(id: UInt64(index), promptTokenIDs: prompt, maxNewTokens: request.answer),
                stopTokenIDs: []
            )
        } catch {
            throw CapacityError(.doesNotFit, "request \(index) of the workload: \(error.message)")
        }
    }

    /// One step by the scheduler.
    private mutating func step() {
        guard let batch = scheduler.schedule(withoutInputs: true) else {
            preconditionFailure("there is work, and nothing holds it up")
        }
        let entries = batch.entries.map { BatchShape.Entry(rows: $0.tokenCount, context: $0.contextLength) }
        let outputs = batch.entries.count { $0.isSampled }
        let longest = entries.reduce(0) { max($0, $1.context) }
        pass(simulation.stepSeconds(BatchShape(entries, outputs: outputs, table: blocks(longest))), tokens: outputs)
        for update in scheduler.complete(batch, tokens: [[Int]](repeating: [0], count: outputs)) {
            let index = Int(update.id)
            if tokens[index] == 0 {
                first[index] = now
            } else if now >= window.lowerBound {
                record.gaps.add(now - last[index])
            }
            last[index] = now
            tokens[index] += 1
            if update.end != nil, measured.contains(index) { open -= 1 }
        }
    }

    /// All quiet steps up to the next arrival; false when there are not two.
    private mutating func takeStretch() -> Bool {
        var limit = scheduler.quietStepCount
        guard limit > 1 else { return false }
        let (lengths, simulation) = (scheduler.runningLengths, simulation)
        let table = blocks(lengths.reduce(0) { max($0, $1.tokens) } + limit)
        func seconds(_ step: Int) -> Double {
            let entries = lengths.map { BatchShape.Entry(rows: 1, context: $0.tokens + step) }
            return simulation.stepSeconds(BatchShape(entries, outputs: lengths.count, table: table))
        }
        let start = seconds(0)
        // No more steps than these end by then, since steps only become longer.
        let room = next < requests.count ? requests[next].arrival - now : .infinity
        if room < Double(limit) * start { limit = max(2, Int(room / start) + 1) }
        var end = seconds(limit - 1)
        while limit > 2 {
            let middle = limit / 2
            let straight = start + (end - start) * Double(middle) / Double(limit - 1)
            if abs(seconds(middle) - straight) <= 1e-9 * start { break }
            limit = middle
            end = seconds(limit - 1)
        }
        let slope = (end - start) / Double(limit - 1)
        func total(_ count: Int) -> Double {
            Double(count) * start + slope * Double(count) * Double(count - 1) / 2
        }
        // The first step that ends at or after the next arrival is the last before the scheduler sees it.
        var count = limit
        if total(limit) > room {
            var low = 0
            while count - low > 1 {
                let middle = (low + count) / 2
                if total(middle) < room { low = middle } else { count = middle }
            }
        }
        let before = occupancy
        scheduler.takeQuietSteps(count, token: 0)
        pass(total(count), tokens: count * lengths.count, growingFrom: before)
        record.quietSteps += count
        if now >= window.lowerBound { addGaps(count, lengths.count, from: start, slope: slope) }
        for (id, _) in lengths {
            last[Int(id)] = now
            tokens[Int(id)] += count
        }
        return true
    }

    /// The gaps of a stretch, in pieces within which they differ by less than a bucket of the histogram.
    private mutating func addGaps(_ count: Int, _ sequences: Int, from start: Double, slope: Double) {
        let pieces = max(1, min(count, Int(slope * Double(count) / (0.005 * start)) + 1))
        for piece in 0..<pieces {
            let (low, high) = (count * piece / pieces, count * (piece + 1) / pieces)
            let middle = start + slope * (Double(low) + Double(high - low - 1) / 2)
            record.gaps.add(middle, count: (high - low) * sequences)
        }
    }

    /// The share of the cache that is taken.
    private var occupancy: Double {
        Double(simulation.limits.blockCount - scheduler.freeBlockCount) / Double(simulation.limits.blockCount)
    }

    /// Lets time pass in which tokens are written; in many steps the cache fills evenly from what it held before.
    private mutating func pass(_ seconds: Double, tokens: Int, growingFrom before: Double? = nil) {
        let end = now + seconds
        let inside = max(0, min(end, window.upperBound) - max(now, window.lowerBound))
        let used = occupancy
        if inside > 0 {
            record.busySeconds += inside
            record.answerTokens += Double(tokens) * inside / seconds
            occupied += (used + (before ?? used)) / 2 * inside
            running += Double(scheduler.runningCount) * inside
        }
        if scheduler.waitingCount > 0 {
            record.backlogSeconds += seconds
            record.backlogTokens += Double(tokens)
        }
        record.peakOccupancy = max(record.peakOccupancy, used)
        record.peakConcurrency = max(record.peakConcurrency, scheduler.runningCount)
        now = end
    }

    private func blocks(_ tokens: Int) -> Int {
        (tokens + simulation.limits.blockSize - 1) / simulation.limits.blockSize
    }
}
