import CPUBackend
import DeviceRuntime
import Foundation
import InferenceEngine
import Testing

@testable import Kongur

/// Parts and their sum, for the bundled model.
struct MemoryPlanTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    private let model: CompiledModel
    private let footprint: ModelFootprint

    init() throws {
        model = try ModelLoader().load(Self.pebble).compiled
        footprint = try ModelFootprint(model, on: DeviceCatalog.device(named: "cpu"))
    }

    private func plan(
        _ limit: Int,
        replicas: Int = 1,
        _ options: ModelOptions = ModelOptions(),
        connections: Int = 0,
        answers: Int = 0
    ) throws -> MemoryPlan {
        try MemoryPlan(
            model,
            footprint,
            replicas: replicas,
            options,
            limit: MemoryLimit(byteCount: limit, reason: "for a test"),
            held: 10 << 20,
            connections: connections,
            answers: answers
        )
    }

    /// What everything but the cache takes.
    private var base: Int { footprint.byteCount(tokens: 0) + 10 << 20 + MemoryPlan.growth }

    @Test func withMuchMemoryTheCacheHoldsAllSequences() throws {
        let plan = try plan(64 << 30, connections: 1 << 20, answers: 2 << 20)
        let sequences = try #require(model.program.limits[StepProgram.sequences])
        #expect(plan.cacheTokens == sequences * model.contextLength)
        #expect(plan.cacheByteCount == plan.cacheTokens * footprint.cacheByteCountPerToken)
        #expect(plan.byteCount == base + 3 << 20 + plan.unreadByteCount + plan.cacheByteCount)
        #expect(plan.connectionByteCount == 1 << 20 && plan.line.contains("connections 1 MiB"))
        #expect(plan.answerByteCount == 2 << 20 && plan.line.contains("answers 2 MiB"))
    }

    /// Memory that nobody asked to use is left to others, half of it, but for what one context needs.
    @Test func withLittleMemoryTheCacheTakesHalfOfTheRest() throws {
        let limit = base + 100 * model.contextLength * footprint.cacheByteCountPerToken
        let plan = try plan(limit, ModelOptions(maxSequences: 1000))
        let rest = limit - (plan.byteCount - plan.cacheByteCount)
        #expect(plan.cacheByteCount * 10 > rest * 4 && plan.cacheByteCount * 2 <= rest + model.cache.blockByteCount)
        let asked = try self.plan(limit, ModelOptions(memoryByteCount: limit, maxSequences: 1000))
        #expect(asked.cacheByteCount * 10 > plan.cacheByteCount * 18)
        let small = base + 3 * model.contextLength * footprint.cacheByteCountPerToken / 2 + 64 << 20
        #expect(try self.plan(small).cacheTokens >= model.contextLength)
    }

    @Test func replicasShareWeightsAndEachHasItsOwnCache() throws {
        let one = try plan(64 << 30)
        let three = try plan(64 << 30, replicas: 3)
        #expect(three.weightByteCount == one.weightByteCount)
        #expect(three.workByteCount == 3 * footprint.workByteCount)
        #expect(three.cacheTokens == one.cacheTokens && three.cacheByteCount == 3 * one.cacheByteCount)
        #expect(three.line.contains("on each of 3 devices"))
        // What was asked for is for all of them together.
        let asked = try plan(64 << 30, replicas: 3, ModelOptions(cacheByteCount: 30 << 20))
        #expect(asked.cacheByteCount <= 30 << 20 && 30 << 20 - asked.cacheByteCount < 3 * model.cache.blockByteCount)
        // Room for one context each, or none.
        let least = base + 2 * footprint.workByteCount
        #expect(throws: KongurError.self) {
            try plan(least + 2 * model.contextLength * footprint.cacheByteCountPerToken / 3, replicas: 3)
        }
        let limit = least + 1500 * footprint.cacheByteCountPerToken * 3
        #expect(try plan(limit, replicas: 3).byteCount <= limit)
    }

    @Test func theCacheGetsWhatTheRestLeaves() throws {
        let room = 700 * footprint.cacheByteCountPerToken
        let limit = base + room
        let plan = try plan(limit)
        #expect(plan.byteCount <= limit && limit - plan.byteCount < model.cache.blockByteCount)
        let size = model.cache.blockSize
        #expect(plan.cacheTokens == 700 / size * size)
        // What was asked for is used as far as it is of use.
        var options = ModelOptions(memoryByteCount: base + 5 * room, maxSequences: 64)
        #expect(try self.plan(64 << 30, options).cacheTokens == 3500 / size * size)
        options.memoryByteCount = 32 << 30
        #expect(try self.plan(64 << 30, options).cacheTokens == 64 * model.contextLength)
        // More than there is cannot be had by asking.
        #expect(try self.plan(limit, options).byteCount <= limit)
    }

    @Test func whatDoesNotFitIsRefusedWithTheNumbers() throws {
        let impossible = [
            (base + 500 * footprint.cacheByteCountPerToken, ModelOptions(), 0),
            (0, ModelOptions(), 0),
            (64 << 30, ModelOptions(memoryByteCount: 20 << 20), 0),
            (base + 64 << 20, ModelOptions(cacheByteCount: 1 << 30), 0),
            (base + 64 << 20, ModelOptions(), 64 << 20),
        ]
        for (limit, options, connections) in impossible {
            let error = #expect(throws: KongurError.self) {
                try plan(limit, options, connections: connections)
            }
            #expect(error?.code == .outOfMemory)
            for word in ["weights", "work", "cache", "needs", "may use"] {
                #expect(error?.message.contains(word) == true)
            }
            #expect(error?.message.contains("fewer connections") == (connections > 0))
        }
    }

    @Test func loadingHoldsToIt() async throws {
        let error = await #expect(throws: KongurError.self) {
            try await LanguageModel.load(Self.pebble, options: ModelOptions(memoryByteCount: 8 << 20))
        }
        #expect(error?.code == .outOfMemory)
        // The process that runs all tests holds much besides.
        let limit = 4 << 30
        let model = try await LanguageModel.load(Self.pebble, options: ModelOptions(memoryByteCount: limit))
        #expect(model.memory.byteCount <= limit)
        #expect(model.engine.metrics.cacheBlocks == model.memory.cacheBlocks)
        #expect(try await model.answer("What is 2 + 2?").answer.contains("4"))
    }
}
