import Testing
import XIRCompiler

@Suite struct MemoryPlannerTests {
    @Test func intervalsInUseTogetherNeverOverlap() {
        var seed: UInt64 = 1
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        for _ in 0..<50 {
            let intervals = (0..<40).map { _ in
                let first = random(30)
                return MemoryPlanner.Interval(byteCount: 1 + random(500), first: first, last: first + random(6))
            }
            let plan = MemoryPlanner(intervals)
            for (index, left) in intervals.enumerated() {
                #expect(plan.offsets[index] % MemoryPlanner.alignment == 0)
                #expect(plan.offsets[index] + left.byteCount <= plan.arenaByteCount)
                for (other, right) in intervals.enumerated() where other != index {
                    guard left.first <= right.last, right.first <= left.last else { continue }
                    let apart =
                        plan.offsets[index] + left.byteCount <= plan.offsets[other]
                        || plan.offsets[other] + right.byteCount <= plan.offsets[index]
                    #expect(apart)
                }
            }
        }
    }

    @Test func memoryIsUsedAgain() {
        let chain = (0..<10).map { MemoryPlanner.Interval(byteCount: 64, first: $0, last: $0 + 1) }
        #expect(MemoryPlanner(chain).arenaByteCount == 128)
    }
}
