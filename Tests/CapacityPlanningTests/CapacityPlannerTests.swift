import CapacityPlanning
import DeviceRuntime
import DeviceSimulation
import Foundation
import Testing

@Suite struct CapacityPlannerTests {
    private func device(_ name: String = "k20") throws -> DeviceDescriptor {
        let found = try DescriptorCatalog.bundled().first { $0.name == name }
        return try #require(found)
    }

    /// Short answers and few requests, so that a plan takes no time.
    private var options: PlanOptions {
        get throws {
            var options = PlanOptions(model: "vibethinker-1.5b", shape: ArticleTable.shape)
            options.workload.lengths = .drawn(
                prompt: try LengthDistribution("100:300", label: ""),
                answer: try LengthDistribution("100:300", label: "")
            )
            options.requests = 100
            options.maxSequences = 16
            return options
        }
    }

    private func json(_ plan: DevicePlan) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(plan)
    }

    @Test func theSamePlanTwiceIsTheSameBytes() throws {
        var options = try options
        options.users = 10_000
        options.passAt1 = 0.5
        options.curvePoints = 3
        let plans = try (0..<2).map { _ in try CapacityPlanner(options, device: device()).plan() }
        #expect(try json(plans[0]) == json(plans[1]))
        options.seed = 1
        #expect(try json(CapacityPlanner(options, device: device()).plan()) != json(plans[0]))
        #expect(LoadPlot([plans[0]], target: 2).svg == LoadPlot([plans[1]], target: 2).svg)
    }

    @Test func thePlanHasWhatScriptsRead() throws {
        let plan = try CapacityPlanner(options, device: device()).plan()
        let object = try #require(try JSONSerialization.jsonObject(with: json(plan)) as? [String: Any])
        for key in [
            "memory_bytes", "time_to_first_token_s", "time_per_output_token_s", "answer_of_512_tokens_s",
            "tokens_per_s",
            "cost_per_million_tokens", "largest_arrival_rate", "saturated_tokens_per_s", "launches_per_token",
        ] {
            #expect(object[key] as? Double ?? 0 > 0, "\(key)")
        }
        let load = try #require(object["load"] as? [String: Any])
        let first = try #require(load["time_to_first_token_s"] as? [String: [String: Double]])
        #expect(first.keys.sorted() == ["p50", "p90", "p95", "p99"])
        #expect(first.values.allSatisfy { $0["low"] ?? 0 <= $0["value"] ?? 0 && $0["value"] ?? 0 <= $0["high"] ?? 0 })
        #expect(load["meets_targets"] as? Bool == true)
    }

    @Test func oneAnswerAddsUp() throws {
        let plan = try CapacityPlanner(options, device: device()).plan()
        #expect(abs(plan.timeToFirstToken + 511 * plan.timePerOutputToken - plan.answerOf512Tokens) < 1e-9)
        // A token cannot be faster than reading every weight once at the speed that memory is said to reach.
        let speed = try device().memoryBandwidth.value * device().memoryEfficiency.value
        let table = 2.0 * 151_936 * 1536
        #expect(plan.timePerOutputToken > (Double(plan.memory.weightBytes) - table) / speed)
        #expect(plan.timePerOutputTokenUnfused > plan.timePerOutputToken)
    }

    @Test(arguments: ["k20", "p800", "h200"], [true, false]) func layersAreAlike(name: String, isFused: Bool) throws {
        let work = DecoderWork(ArticleTable.shape, form: .int8, isFused: isFused)
        let batches = [
            BatchShape.prefill(700, blockSize: 16), .decode(batch: 1, context: 90, blockSize: 16),
            .decode(batch: 200, context: 9000, blockSize: 16),
        ]
        for batch in batches {
            // Never the one that waits, now and then, always.
            for enqueue in [0, 2e-6, 2e-5, 1e-3] {
                var device = try device(name)
                device.enqueue = DeviceDescriptor.Fact(enqueue, "test", .assumed)
                let whole = TimingModel(device).time(of: work.step(batch)).seconds
                #expect(abs(DecoderCost(work, on: device).seconds(of: batch) / whole - 1) < 1e-12)
            }
        }
    }

    @Test func betterDevicesAreNotWorse() throws {
        let base = try CapacityPlanner(options, device: device()).plan()
        var faster = try device()
        faster.memoryBandwidth.value *= 2
        let quick = try CapacityPlanner(options, device: faster).plan()
        #expect(quick.timePerOutputToken < base.timePerOutputToken)
        #expect(quick.saturatedTokensPerSecond ?? 0 > base.saturatedTokensPerSecond ?? .infinity)
        #expect(quick.costPerMillionTokens ?? .infinity < base.costPerMillionTokens ?? 0)
        var int8 = try options
        int8.form = .int8
        let small = try CapacityPlanner(int8, device: device()).plan()
        #expect(small.memoryBytes < base.memoryBytes && small.timePerOutputToken < base.timePerOutputToken)
        #expect(small.memory.cacheTokens > base.memory.cacheTokens)
    }

    @Test func theLargestLoadKeepsTheTargetsAndAMuchLargerOneDoesNot() throws {
        var options = try options
        options.targetTimeToFirst = 0.05
        let plan = try CapacityPlanner(options, device: device()).plan()
        let largest = try #require(plan.largestArrivalRate)
        #expect(plan.load?.meetsTargets == true)
        options.arrivalRate = 1.5 * largest
        #expect(try CapacityPlanner(options, device: device()).plan().load?.meetsTargets == false)
        options.arrivalRate = nil
        options.targetTimeToFirst = 10
        let patient = try CapacityPlanner(options, device: device()).plan()
        #expect(patient.largestArrivalRate ?? 0 >= largest)
        options.targetTimePerToken = 1e-5
        let never = try CapacityPlanner(options, device: device()).plan()
        #expect(never.largestArrivalRate == nil && never.load == nil && never.costPerMillionTokens == nil)
        #expect(never.fits)
    }

    @Test func costsFollowThePrice() throws {
        var options = try options
        options.arrivalRate = 5
        options.passAt1 = 0.25
        options.pricePerHour = 1
        let one = try CapacityPlanner(options, device: device()).plan()
        options.pricePerHour = 3
        let three = try CapacityPlanner(options, device: device()).plan()
        let cost = try #require(one.costPerMillionTokens)
        let speed = try #require(one.tokensPerSecond)
        let (solved, answer) = (try #require(one.costPerSolvedProblem), try #require(one.costPerAnswer))
        let dearer = try #require(three.costPerMillionTokens)
        #expect(abs(dearer / cost - 3) < 1e-9)
        #expect(abs(cost - 1 / 3600 / speed * 1e6) < 1e-9)
        #expect(abs(solved / answer - 4) < 1e-9)
        options.pricePerHour = nil
        let unknown = try CapacityPlanner(options, device: device("k200")).plan()
        #expect(unknown.pricePerHour == nil && unknown.costPerMillionTokens == nil && unknown.tokensPerSecond != nil)
    }

    @Test func twiceThePeopleTakeTwiceTheReplicas() throws {
        var options = try options
        options.users = 1_000_000
        let plan = try CapacityPlanner(options, device: device()).plan()
        let users = try #require(plan.users)
        #expect(users.hours.count == 24 && users.requestsPerDay == 5_000_000)
        #expect(Double(users.replicas) * (plan.largestArrivalRate ?? 0) >= users.peakArrivalRate)
        #expect(Double(users.replicas - 1) * (plan.largestArrivalRate ?? 0) < users.peakArrivalRate)
        options.users = 2_000_000
        let twice = try #require(try CapacityPlanner(options, device: device()).plan().users)
        #expect((2 * users.replicas - 1...2 * users.replicas).contains(twice.replicas))
        #expect(users.meanUtilisation > 0 && users.meanUtilisation <= 1)
    }

    @Test func aDeviceThatIsTooSmallIsSaidToBe() throws {
        var small = try device()
        small.memory.value = 2e9
        let plan = try CapacityPlanner(options, device: small).plan()
        #expect(
            !plan.fits && plan.load == nil && plan.saturatedTokensPerSecond == nil && plan.memoryBytes > 2_000_000_000
        )
    }

    @Test func aRecordIsRunAsItWas() throws {
        var options = try options
        let lines = (0..<50).map { "{\"prompt\": 100, \"answer\": 50, \"at\": \(Double($0) / 10)}" }
        options.workload = try Workload(jsonLines: lines.joined(separator: "\n"), file: "trace.jsonl")
        let load = try #require(try CapacityPlanner(options, device: device()).plan().load)
        #expect(load.requests == 50 && abs(load.seconds - 4.9) < 1e-9)
    }

    @Test func badOptionsAreRefusedByName() throws {
        let wrong: [(String, (inout PlanOptions) -> Void)] = [
            ("--max-sequences", { $0.maxSequences = 0 }), ("--token-budget", { $0.tokenBudget = 0 }),
            ("--token-budget", { $0.tokenBudget = 8 }), ("--requests", { $0.requests = 3 }),
            ("--arrival-rate", { $0.arrivalRate = -1 }), ("--arrival-rate", { $0.arrivalRate = .nan }),
            ("--duration", { $0.duration = 5 }), ("--target-ttft", { $0.targetTimeToFirst = 0 }),
            ("--target-tpot", { $0.targetTimePerToken = .infinity }), ("--target-share", { $0.targetShare = 1 }),
            ("--users", { $0.users = 0 }), ("--requests-per-user", { $0.requestsPerUser = 0 }),
            ("--price-per-hour", { $0.pricePerHour = -1 }), ("--pass-at-1", { $0.passAt1 = 0 }),
            ("--shared-prefix", { $0.workload.sharedPrefix = -1 }),
        ]
        for (name, change) in wrong {
            var options = try options
            change(&options)
            let failure = #expect(throws: CapacityError.self, "\(name)") {
                _ = try CapacityPlanner(options, device: device())
            }
            #expect(failure?.message.contains(name) == true, "\(failure?.message ?? "")")
        }
        var long = try options
        long.shape.contextLength = 50
        #expect(throws: CapacityError.self) { _ = try CapacityPlanner(long, device: device()).plan() }
    }

    @Test func aPlotIsOneElementWithACurveForEachDevice() throws {
        var options = try options
        options.curvePoints = 4
        let plans = try ["k20", "r300"].map { try CapacityPlanner(options, device: device($0)).plan() }
        let svg = LoadPlot(plans, target: 2).svg
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.components(separatedBy: "<polyline").count == 5)
        #expect(svg.contains(">k20</text>") && svg.contains(">r300</text>"))
        #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
}
