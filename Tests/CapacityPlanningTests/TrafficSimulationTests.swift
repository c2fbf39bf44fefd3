import CapacityPlanning
import DeviceRuntime
import DeviceSimulation
import InferenceEngine
import Testing

@Suite struct TrafficSimulationTests {
    private func limits(sequences: Int, blocks: Int = 100_000, budget: Int = 4096) -> SchedulingLimits {
        SchedulingLimits(
            maxSequences: sequences,
            tokenBudget: budget,
            maxOutputs: budget,
            blockCount: blocks,
            blockSize: 16,
            contextLength: 50_000,
            maxSequenceLength: min(50_000, blocks * 16),
            prefixCaching: false,
            speculation: .off
        )
    }

    private func workload(prompt: Int, answer: Int) -> Workload {
        Workload(
            name: "test",
            source: "",
            lengths: .drawn(prompt: .constant(prompt), answer: .constant(answer))
        )
    }

    /// One request at a time, each of one step: the queue of Poisson arrivals and constant service, whose mean wait is
    /// rho s / (2 (1 - rho)).
    @Test(arguments: [0.2, 0.5, 0.8]) func aSingleServerWaitsAsQueueingTheorySays(load: Double) throws {
        let service = 0.25
        let requests = workload(prompt: 3, answer: 1).requests(60_000, rate: load / service, seed: 11)
        let record = try TrafficSimulation(limits(sequences: 1)) { _ in service }.run(requests, measured: 2000..<60_000)
        let waits = record.requests.map { $0.timeToFirst - service }
        let mean = waits.reduce(0, +) / Double(waits.count)
        let expected = load * service / (2 * (1 - load))
        #expect(abs(mean / expected - 1) < 0.1, "\(mean) beside \(expected)")
        #expect(abs(record.utilisation - load) < 0.02)
        #expect(record.preemptions == 0)
    }

    @Test func aFullReplicaWritesABatchForEachStep() throws {
        let requests = workload(prompt: 8, answer: 50).requests(160, rate: .infinity, seed: 0)
        let record = try TrafficSimulation(limits(sequences: 16)) { _ in 0.01 }.run(requests, measured: 0..<160)
        #expect(record.requests.allSatisfy { $0.tokens == 50 })
        #expect(abs(record.tokensPerSecond - 16 / 0.01) < 1)
        #expect(abs(record.backlogTokens / record.backlogSeconds - 16 / 0.01) < 1)
        #expect(record.utilisation > 0.999 && record.peakConcurrency == 16)
        #expect(record.quietSteps > record.steps * 9 / 10)
        // The last group waits for the nine before it.
        let last = try #require(record.requests.last)
        #expect(abs(last.timeToFirst - (9 * 50 + 1) * 0.01) < 1e-9)
        let each = try #require(last.timePerToken)
        #expect(abs(each - 0.01) < 1e-12)
        #expect(abs(record.gaps.quantile(0.5) / 0.01 - 1) < 0.011)
    }

    /// The same scheduler, step by step and in stretches, on a decoder's costs with a cache that is too small.
    @Test(arguments: [40_000, 300], [0.5, 3.0]) func stretchesGiveWhatSingleStepsGive(blocks: Int, rate: Double) throws
    {
        let work = DecoderWork(ArticleTable.shape, form: .float16)
        let device = try DescriptorCatalog.bundled().first { $0.name == "k20" }
        let timing = TimingModel(try #require(device))
        var simulation = TrafficSimulation(limits(sequences: 12, blocks: blocks, budget: 512)) {
            timing.time(of: work.step($0)).seconds
        }
        let lengths = Workload.Lengths.drawn(
            prompt: try LengthDistribution("100:400", label: ""),
            answer: try LengthDistribution("300:900:2000", label: "")
        )
        let requests = Workload(name: "", source: "", lengths: lengths).requests(150, rate: rate * 4, seed: 5)
        let quick = try simulation.run(requests, measured: 20..<120)
        simulation.takesStretches = false
        let exact = try simulation.run(requests, measured: 20..<120)
        #expect(quick.quietSteps > quick.steps / 2 && exact.quietSteps == 0)
        #expect(abs(Double(quick.steps - exact.steps)) <= 0.005 * Double(exact.steps))
        #expect(blocks == 40_000 || rate < 1 || exact.preemptions > 0)
        for (one, other) in zip(quick.requests, exact.requests) {
            #expect(one.tokens == other.tokens)
            #expect(abs(one.last - other.last) <= 5e-3 * other.last)
        }
        #expect(abs(quick.tokensPerSecond / exact.tokensPerSecond - 1) < 5e-3)
        #expect(abs(quick.occupancy / exact.occupancy - 1) < 1e-2)
        #expect(abs(quick.gaps.quantile(0.95) / exact.gaps.quantile(0.95) - 1) < 0.03)
    }

    @Test func moreTrafficNeverMakesTheFirstTokenComeSooner() throws {
        let simulation = TrafficSimulation(limits(sequences: 8)) { 0.001 + 0.0001 * Double($0.tokens) }
        var before = 0.0
        for rate in [1.0, 5, 20, 40, 60] {
            let requests = workload(prompt: 40, answer: 100).requests(600, rate: rate, seed: 2)
            let record = try simulation.run(requests, measured: 50..<500)
            let mean = record.requests.reduce(0) { $0 + $1.timeToFirst } / 450
            #expect(mean >= before * 0.999)
            before = mean
        }
    }

    @Test func aSharedBeginningIsComputedOnce() throws {
        var caching = limits(sequences: 4)
        caching.prefixCaching = true
        let simulation = TrafficSimulation(caching) { 0.001 * Double($0.tokens) }
        let requests = workload(prompt: 1008, answer: 2).requests(200, rate: 0.2, seed: 1)
        let alone = try simulation.run(requests, measured: 50..<150)
        let shared = try simulation.run(requests, measured: 50..<150, sharedPrefix: 992)
        #expect(
            shared.requests.reduce(0) { $0 + $1.timeToFirst } < 0.1 * alone.requests.reduce(0) { $0 + $1.timeToFirst }
        )
    }

    @Test func aPromptThatCannotBeHeldIsRefused() {
        let requests = workload(prompt: 300, answer: 5).requests(10, rate: 1, seed: 0)
        let failure = #expect(throws: CapacityError.self) {
            _ = try TrafficSimulation(limits(sequences: 1, blocks: 10)) { _ in 1 }.run(requests, measured: 0..<10)
        }
        #expect(failure?.code == .doesNotFit)
    }

    @Test func thePercentileLiesInItsRange() throws {
        let values = (1...1000).map(Double.init)
        let median = try #require(Percentile(0.5, ofSorted: values))
        #expect(median.value == 500 && (460...475).contains(median.low) && (525...540).contains(median.high))
        #expect(Percentile(0.5, ofSorted: []) == nil)
        let one = try #require(Percentile(0.99, ofSorted: [3]))
        #expect(one.value == 3 && one.low == 3 && one.high == 3)
    }
}
