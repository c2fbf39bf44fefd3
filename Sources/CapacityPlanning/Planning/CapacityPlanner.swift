package import DeviceRuntime
import DeviceSimulation
import InferenceEngine

/// Plans one replica of a model on a device that a descriptor describes.
///
/// Deterministic: the same options and descriptor give the same plan, number for number.
package struct CapacityPlanner {
    package let options: PlanOptions
    package let device: DeviceDescriptor
    private let work: DecoderWork

    /// Prompt and answer of the figures for one request alone.
    package static let referencePrompt = 512
    package static let referenceAnswer = 512
    /// Steps of the search: the rate is found within a hundredth of the saturated one.
    private static let searchSteps = 7

    /// Throws for options that make no sense.
    package init(_ options: PlanOptions, device: DeviceDescriptor) throws(CapacityError) {
        try options.validate()
        guard device.target == .kunlun else {
            throw CapacityError(
                .invalidInput,
                "'\(device.name)' runs the processor's programs, which `kongur bench --predict` times; plans are made for accelerators"
            )
        }
        self.options = options
        self.device = device
        work = DecoderWork(options.shape, form: options.form)
    }

    /// The whole plan.
    ///
    /// Throws for a workload whose requests the model's context cannot hold.
    package func plan() throws(CapacityError) -> DevicePlan {
        let longest = try longestRequest()
        let memory = memory(longest)
        var plan = summary(memory, longest)
        guard plan.fits else { return plan }
        let saturated = try saturation(memory)
        plan.saturatedTokensPerSecond = saturated
        if options.arrivalRate == nil || options.users != nil || options.curvePoints > 0 {
            plan.largestArrivalRate = try largestRate(memory, saturated / options.workload.meanAnswer)
        }
        if options.arrivalRate == nil, options.users == nil, options.workload.hasArrivals {
            plan.load = try recordedLoad(memory)
        } else if let rate = options.arrivalRate ?? plan.largestArrivalRate {
            plan.load = try load(memory, rate: rate, duration: options.duration)
        }
        plan.tokensPerSecond = plan.load?.tokensPerSecond
        price(&plan)
        if options.users != nil, let largest = plan.largestArrivalRate {
            plan.users = try usersPlan(memory, largest: largest, price: plan.pricePerHour)
        }
        for point in 0..<options.curvePoints {
            let share = Double(point + 1) / Double(options.curvePoints) * 1.1
            plan.curve.append(try load(memory, rate: share * saturated / options.workload.meanAnswer))
        }
        return plan
    }

    // MARK: One request

    /// Seconds of an answer alone on the device, and of its first token.
    package func alone(prompt: Int, answer: Int, isFused: Bool = true) -> (first: Double, total: Double) {
        var work = work
        work.isFused = isFused
        let cost = DecoderCost(work, on: device)
        var first = 0.0
        var done = 0
        while done < prompt {
            let rows = min(options.tokenBudget, prompt - done)
            done += rows
            let table = (done + work.blockSize - 1) / work.blockSize
            let batch = BatchShape(
                [BatchShape.Entry(rows: rows, context: done)],
                outputs: done == prompt ? 1 : 0,
                table: table
            )
            first += cost.seconds(of: batch)
        }
        var total = first
        for token in 1..<max(1, answer) {
            total += cost.seconds(of: .decode(batch: 1, context: prompt + token, blockSize: work.blockSize))
        }
        return (first, total)
    }

    // MARK: Memory

    private func longestRequest() throws(CapacityError) -> Int {
        let (prompt, context) = (options.workload.longestPrompt, options.shape.contextLength)
        guard prompt < context else {
            throw CapacityError(
                .doesNotFit,
                "the workload's longest prompt has \(prompt) tokens, but the model's context \(context): shorten it"
            )
        }
        return min(context, prompt + options.workload.longestAnswer)
    }

    private func memory(_ longest: Int) -> DevicePlan.Memory {
        let capacity = Int(device.memory.value)
        let usable = Int(device.memory.value * options.memoryShare)
        let weights = work.weightBytes
        let values = work.workBytes(tokens: options.tokenBudget, outputs: options.maxSequences)
        let block = work.blockSize * work.cacheBytesPerToken
        let blocks = max(0, usable - weights - values) / block
        return DevicePlan.Memory(
            deviceBytes: capacity,
            weightBytes: weights,
            workBytes: values,
            cacheBytesPerToken: work.cacheBytesPerToken,
            cacheBytesOfLongest: (longest + work.blockSize - 1) / work.blockSize * block,
            cacheBytes: blocks * block,
            cacheTokens: blocks * work.blockSize
        )
    }

    private func summary(_ memory: DevicePlan.Memory, _ longest: Int) -> DevicePlan {
        let reference = alone(prompt: Self.referencePrompt, answer: Self.referenceAnswer)
        let unfused = alone(prompt: Self.referencePrompt, answer: Self.referenceAnswer, isFused: false)
        let mean = alone(
            prompt: max(1, Int(options.workload.meanPrompt)),
            answer: max(1, Int(options.workload.meanAnswer))
        )
        let steps = Double(Self.referenceAnswer - 1)
        var plain = work
        plain.isFused = false
        let token = BatchShape.decode(batch: 1, context: Self.referencePrompt, blockSize: work.blockSize)
        return DevicePlan(
            device: device.name,
            title: device.title,
            note: device.note,
            model: options.model,
            quantize: options.form == .float16 ? "fp16" : options.form.rawValue,
            workload: DevicePlan.WorkloadSummary(
                name: options.workload.name,
                source: options.workload.source,
                meanPromptTokens: options.workload.meanPrompt,
                meanAnswerTokens: options.workload.meanAnswer,
                longestPromptTokens: options.workload.longestPrompt,
                longestAnswerTokens: options.workload.longestAnswer
            ),
            fits: memory.cacheTokens >= longest,
            memoryBytes: memory.weightBytes + memory.workBytes + memory.cacheBytesOfLongest,
            memory: memory,
            timeToFirstToken: reference.first,
            timePerOutputToken: (reference.total - reference.first) / steps,
            answerOf512Tokens: reference.total,
            answerOfMeanTokens: mean.total,
            launchesPerToken: work.step(token).launches,
            launchesPerTokenUnfused: plain.step(token).launches,
            timePerOutputTokenUnfused: (unfused.total - unfused.first) / steps,
            priceSource: options.pricePerHour == nil ? device.pricePerHour?.source ?? "not known" : "--price-per-hour",
            unverified: device.unverified
        )
    }

    // MARK: Load

    private func simulation(_ memory: DevicePlan.Memory) -> TrafficSimulation {
        let limits = SchedulingLimits(
            maxSequences: options.maxSequences,
            tokenBudget: options.tokenBudget,
            maxOutputs: options.tokenBudget,
            blockCount: memory.cacheTokens / work.blockSize,
            blockSize: work.blockSize,
            contextLength: options.shape.contextLength,
            maxSequenceLength: min(options.shape.contextLength, memory.cacheTokens),
            prefixCaching: options.prefixCaching || options.workload.sharedPrefix > 0,
            speculation: .off
        )
        let cost = DecoderCost(work, on: device)
        return TrafficSimulation(limits) { cost.seconds(of: $0) }
    }

    /// Requests that run before those that are measured, so that the replica is as full as it stays.
    private var warmUp: Int { 2 * options.maxSequences }

    private func load(
        _ memory: DevicePlan.Memory,
        rate: Double,
        duration: Double? = nil,
        seed: UInt64? = nil
    ) throws(CapacityError) -> DevicePlan.Load {
        summary(of: try record(memory, rate: rate, duration: duration, seed: seed), rate: rate)
    }

    private func record(
        _ memory: DevicePlan.Memory,
        rate: Double,
        duration: Double? = nil,
        seed: UInt64? = nil
    ) throws(CapacityError) -> TrafficRecord {
        let count = duration.map { max(20, Int(($0 * rate).rounded())) } ?? options.requests
        // What comes behind the measured ones keeps the replica as busy as before, while those end.
        let requests = options.workload.requests(warmUp + 2 * count, rate: rate, seed: seed ?? options.seed)
        return try simulation(memory)
            .run(requests, measured: warmUp..<warmUp + count, sharedPrefix: options.workload.sharedPrefix)
    }

    private func recordedLoad(_ memory: DevicePlan.Memory) throws(CapacityError) -> DevicePlan.Load? {
        guard let trace = options.workload.trace else { return nil }
        let record = try simulation(memory)
            .run(trace, measured: 0..<trace.count, sharedPrefix: options.workload.sharedPrefix)
        return summary(of: record, rate: Double(trace.count) / max(record.seconds, 1e-9))
    }

    /// Tokens a second while requests are always waiting.
    private func saturation(_ memory: DevicePlan.Memory) throws(CapacityError) -> Double {
        let requests = options.workload.requests(
            3 * options.maxSequences + options.requests / 4,
            rate: .infinity,
            seed: options.seed
        )
        let record = try simulation(memory)
            .run(requests, measured: 0..<requests.count, sharedPrefix: options.workload.sharedPrefix)
        return record.backlogSeconds > 0 ? record.backlogTokens / record.backlogSeconds : record.tokensPerSecond
    }

    /// The largest rate within the targets, between nothing and `ceiling`; nil when a thousandth of it is too much.
    private func largestRate(_ memory: DevicePlan.Memory, _ ceiling: Double) throws(CapacityError) -> Double? {
        if try load(memory, rate: ceiling).meetsTargets { return ceiling }
        var (low, high) = (0.0, ceiling)
        for _ in 0..<Self.searchSteps {
            let middle = (low + high) / 2
            if try load(memory, rate: middle).meetsTargets { low = middle } else { high = middle }
        }
        if low > 0 { return low }
        let least = ceiling / 1000
        return try load(memory, rate: least).meetsTargets ? least : nil
    }

    private func summary(of record: TrafficRecord, rate: Double) -> DevicePlan.Load {
        let first = record.requests.map(\.timeToFirst).sorted()
        let each = record.requests.compactMap(\.timePerToken).sorted()
        let total = record.requests.map(\.total).sorted()
        func share(_ values: [Double], within target: Double) -> Bool {
            Double(values.count { $0 <= target }) >= options.targetShare * Double(values.count)
        }
        return DevicePlan.Load(
            arrivalRate: rate,
            requests: record.requests.count,
            seconds: record.seconds,
            timeToFirst: Self.percentiles(first),
            timePerToken: Self.percentiles(each),
            answer: Self.percentiles(total),
            gaps: [
                "p50": record.gaps.quantile(0.5), "p95": record.gaps.quantile(0.95),
                "p99": record.gaps.quantile(0.99),
            ],
            tokensPerSecond: record.tokensPerSecond,
            meanConcurrency: record.concurrency,
            peakConcurrency: record.peakConcurrency,
            cacheOccupancy: record.occupancy,
            peakCacheOccupancy: record.peakOccupancy,
            preemptions: record.preemptions,
            utilisation: record.utilisation,
            meetsTargets: share(first, within: options.targetTimeToFirst)
                && share(each, within: options.targetTimePerToken)
        )
    }

    private static func percentiles(_ sorted: [Double]) -> [String: Percentile] {
        var percentiles: [String: Percentile] = [:]
        for (name, fraction) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
            percentiles[name] = Percentile(fraction, ofSorted: sorted)
        }
        return percentiles
    }

    // MARK: Money

    private func price(_ plan: inout DevicePlan) {
        plan.pricePerHour = options.pricePerHour ?? device.pricePerHour?.value
        guard let price = plan.pricePerHour, let speed = plan.tokensPerSecond, speed > 0 else { return }
        let perToken = price / 3600 / speed
        plan.costPerMillionTokens = perToken * 1e6
        plan.costPerAnswer = perToken * options.workload.meanAnswer
        plan.costPerSolvedProblem = options.passAt1.map { perToken * options.workload.meanAnswer / $0 }
    }

    /// Replicas that keep the targets in the busiest hour, and one of them through the day.
    ///
    /// Requests that are dealt out at random leave each replica a Poisson process of its share. Of each hour `requests` are
    /// simulated, at the hour's rate; the day's percentiles are over all of them, each weighing as many as it stands for.
    private func usersPlan(
        _ memory: DevicePlan.Memory,
        largest: Double,
        price: Double?
    ) throws(CapacityError) -> DevicePlan.UsersPlan? {
        guard let users = options.users else { return nil }
        let perDay = Double(users) * options.requestsPerUser
        let mean = perDay / 86_400
        let peak = mean * options.profile.peak
        let replicas = max(1, Int((peak / largest).rounded(.up)))
        var hours: [DevicePlan.UsersPlan.Hour] = []
        var (first, each) = (WeightedValues(), WeightedValues())
        for (hour, weight) in options.profile.hours.enumerated() where weight > 0 {
            let seed = RandomSource.mix(options.seed &+ UInt64(hour) &+ 1)
            let rate = mean * weight / Double(replicas)
            let record = try record(memory, rate: rate, seed: seed)
            first.add(record.requests.map(\.timeToFirst), weight: weight)
            each.add(record.requests.compactMap(\.timePerToken), weight: weight)
            hours.append(DevicePlan.UsersPlan.Hour(hour: hour, load: summary(of: record, rate: rate)))
        }
        let costPerDay = price.map { $0 * 24 * Double(replicas) }
        return DevicePlan.UsersPlan(
            users: users,
            requestsPerUser: options.requestsPerUser,
            requestsPerDay: perDay,
            peakArrivalRate: peak,
            replicas: replicas,
            costPerDay: costPerDay,
            costPerMillionTokens: costPerDay.map { $0 / (perDay * options.workload.meanAnswer) * 1e6 },
            hours: hours,
            timeToFirst95: first.quantile(0.95),
            timePerToken95: each.quantile(0.95),
            meanUtilisation: hours.reduce(0) { $0 + $1.load.utilisation } / Double(options.profile.hours.count)
        )
    }
}

/// Values of samples that stand for different numbers of requests.
private struct WeightedValues {
    private var values: [(value: Double, weight: Double)] = []

    /// Adds a sample whose values together weigh `weight`.
    mutating func add(_ sample: [Double], weight: Double) {
        values += sample.map { ($0, weight / Double(sample.count)) }
    }

    /// The value below which that share of the weight lies; 0 for none.
    func quantile(_ fraction: Double) -> Double {
        let sorted = values.sorted { $0.value < $1.value }
        var left = fraction * values.reduce(0) { $0 + $1.weight }
        for (value, weight) in sorted {
            left -= weight
            if left <= 0 { return value }
        }
        return sorted.last?.value ?? 0
    }
}

extension DeviceDescriptor {
    /// Fields that nobody has measured and no maker has published, by name.
    fileprivate var unverified: [String] {
        var facts: [(String, Fact?)] = [
            ("memory", memory), ("memory bandwidth", memoryBandwidth), ("memory efficiency", memoryEfficiency),
            ("on-chip memory", onChipMemory), ("on-chip bandwidth", onChipBandwidth), ("overlap", overlap),
            ("launch", launch), ("step", step), ("enqueue", enqueue), ("host to device", hostToDevice),
            ("device to host", deviceToHost),
            ("price", pricePerHour),
        ]
        facts += peaks.map { ("peak \($0.rawValue)", $1) }
        facts += computeEfficiency.map { ("efficiency \($0.rawValue)", Fact($1.value, $1.source, $1.confidence)) }
        return facts.compactMap { name, fact in
            guard let fact, fact.confidence == .article || fact.confidence == .assumed else { return nil }
            return "\(name) (\(fact.confidence.rawValue))"
        }
        .sorted()
    }
}
