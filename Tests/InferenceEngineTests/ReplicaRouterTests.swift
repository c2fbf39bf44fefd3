import KongurTesting
import Testing

@testable import InferenceEngine

@Suite struct ReplicaRouterTests {
    private func router(_ count: Int) -> ReplicaRouter {
        ReplicaRouter(count: count, blockCount: 64, blockSize: 4)
    }

    @Test func loadIsSpreadAndGivenBack() {
        var router = router(3)
        for number in 0..<6 { #expect(router.choose(tokens: [number], salt: nil) == number % 3) }
        #expect(router.loads == [2, 2, 2])
        router.release(1)
        #expect(router.choose(tokens: [9], salt: nil) == 1)
        // One after the other, they take turns.
        for _ in 0..<6 { router.release(router.loads.firstIndex { $0 > 0 } ?? 0) }
        #expect(router.loads == [0, 0, 0])
        let turns = (0..<6).map { number in
            let chosen = router.choose(tokens: [number], salt: nil)
            chosen.map { router.release($0) }
            return chosen
        }
        #expect(Set(turns) == [0, 1, 2])
    }

    @Test func aKnownBeginningCountsUntilTheLoadIsUneven() {
        var router = router(2)
        let prompt = Array(0..<8)
        #expect(router.choose(tokens: prompt, salt: nil) == 0)
        // At most 2 more than the least loaded.
        #expect(router.choose(tokens: prompt + [1], salt: nil) == 0)
        #expect(router.choose(tokens: prompt + [2], salt: nil) == 0)
        #expect(router.choose(tokens: prompt + [3], salt: nil) == 1)
        #expect(router.loads == [3, 1])
    }

    @Test func saltsTellClientsApart() {
        var router = router(2)
        let prompt = Array(0..<8)
        #expect(router.choose(tokens: prompt, salt: "a") == 0)
        #expect(router.choose(tokens: prompt, salt: "b") == 1)
        #expect(router.choose(tokens: prompt, salt: "b") == 1)
    }

    @Test func lostReplicasGetNothing() {
        var router = router(3)
        router.lose(1)
        for number in 0..<6 { #expect(router.choose(tokens: [number], salt: nil) != 1) }
        router.lose(0)
        router.lose(2)
        #expect(router.choose(tokens: [1], salt: nil) == nil)
    }

    @Test func onlyAsMuchIsRememberedAsACacheHolds() {
        var memory = PrefixMemory(capacity: 4)
        let (old, new) = ((0..<4).map { $0 }, (0..<16).map { $0 + 50 })
        memory.remember(PrefixMemory.blocks(old, size: 4, salt: nil))
        #expect(memory.length(of: PrefixMemory.blocks(old, size: 4, salt: nil)) == 1)
        memory.remember(PrefixMemory.blocks(new, size: 4, salt: nil))
        #expect(memory.length(of: PrefixMemory.blocks(old, size: 4, salt: nil)) == 0)
        #expect(memory.length(of: PrefixMemory.blocks(new, size: 4, salt: nil)) == 4)
        // Part of a block is none, and what follows an unknown block does not count.
        #expect(PrefixMemory.blocks([1, 2, 3], size: 4, salt: nil).isEmpty)
    }

    /// At no time is a replica further ahead of the least loaded than the slack and the request that it was just given.
    @Test(arguments: 0..<20) func loadStaysEven(seed: UInt64) {
        var random = SeededGenerator(seed)
        let count = Int.random(in: 1...5, using: &random)
        var router = router(count)
        var held: [Int] = []
        for _ in 0..<400 {
            if !held.isEmpty, Int.random(in: 0..<10, using: &random) < 4 {
                router.release(held.remove(at: .random(in: held.indices, using: &random)))
                continue
            }
            let before = router.loads.min() ?? 0
            let topic = Int.random(in: 0..<3, using: &random)
            guard let chosen = router.choose(tokens: Array(repeating: topic, count: 12), salt: nil) else {
                Issue.record("no replica")
                return
            }
            held.append(chosen)
            #expect(router.loads[chosen] <= before + 3)
        }
        #expect(router.loads.reduce(0, +) == held.count)
    }
}
