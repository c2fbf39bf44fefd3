import KongurTesting
import Testing

@testable import InferenceEngine

/// What is guessed, and what is learnt from it.
@Suite struct DraftingTests {
    private func match(_ tokens: [Int32]) -> NGramIndex.Match? {
        var index = NGramIndex()
        index.read(tokens)
        return index.match(tokens)
    }

    private func draft(_ tokens: [Int32], limit: Int = 5, stopTokenIDs: Set<Int> = []) -> [Int32]? {
        var drafter = Drafter(acceptance: DraftAcceptance())
        return drafter.match(tokens).map {
            Drafter.draft($0, of: tokens, count: limit, stopTokenIDs: stopTokenIDs).tokens
        }
    }

    @Test func longestAgreementWinsAndTheLatestAmongEquals() {
        #expect(match([]) == nil)
        #expect(match([1]) == nil)
        #expect(match([1, 2, 3, 2]) == nil)
        #expect(match([1, 2, 9, 1, 2]) == NGramIndex.Match(next: 2, agreement: 2))
        #expect(match([5, 1, 2, 7, 8, 1, 2, 9, 5, 1, 2]) == NGramIndex.Match(next: 3, agreement: 3))
        #expect(match([1, 2, 7, 1, 2, 8, 1, 2]) == NGramIndex.Match(next: 5, agreement: 2))
    }

    @Test func indexReadPieceByPieceFindsWhatComparingEverywhereFinds() {
        var random = SeededGenerator(5)
        var index = NGramIndex()
        var tokens: [Int32] = []
        for _ in 0..<300 {
            for _ in 0..<Int.random(in: 1...3, using: &random) { tokens.append(.random(in: 0..<7, using: &random)) }
            index.read(tokens)
            let best = (1..<max(1, tokens.count - 1)).map { end in
                (end, zip(tokens[...end].reversed(), tokens.reversed()).prefix { $0 == $1 }.prefix(8).count)
            }
            let ends = best.filter { $0.1 >= 2 }.suffix(32)
            let longest = ends.map(\.1).max()
            let found = index.match(tokens)
            #expect(found?.agreement == longest)
            #expect(found?.next == ends.last { $0.1 == longest }.map { $0.0 + 1 })
        }
    }

    @Test func draftsGoOnAsThePassageDidAndAroundLoops() {
        #expect(draft([1, 2, 3, 4, 9, 1, 2]) == [3, 4, 9, 1, 2])
        #expect(draft([1, 2, 3, 4, 9, 1, 2], limit: 2) == [3, 4])
        #expect(draft([7, 7, 7]) == [7, 7, 7, 7, 7])
        #expect(draft([1, 2, 1, 2]) == [1, 2, 1, 2, 1])
        #expect(draft([1, 2, 3, 4, 9, 1, 2], stopTokenIDs: [4]) == [3])
        #expect(draft([1, 2, 3, 4, 9, 1, 2], stopTokenIDs: [3]) == [])
        #expect(draft([1, 2, 3, 4, 9, 1, 2], limit: 0) == [])
        #expect(draft([1, 2, 3]) == nil)
    }

    @Test func acceptanceIsLearntByAgreement() {
        var acceptance = DraftAcceptance()
        let short = Draft(tokens: [1, 2, 3], agreement: 2)
        let long = Draft(tokens: [1, 2, 3], agreement: 8)
        for _ in 0..<50 {
            acceptance.record(short, accepted: 0, weight: 0.1)
            acceptance.record(long, accepted: 3, weight: 0.1)
        }
        #expect(acceptance.chances(agreement: 2, limit: 3).isEmpty)
        let chances = acceptance.chances(agreement: 8, limit: 3)
        #expect(chances.count == 3 && chances[2] > 0.9 && chances == chances.sorted(by: >))
        // Behind the first wrong token nothing was learnt.
        #expect(acceptance.chances(agreement: 3, limit: 1) == [0.5])
        #expect(acceptance.chances(agreement: 3, limit: 0) == [])
    }

    @Test func costsAreInterpolatedSmoothedAndForgotten() throws {
        var costs = StepCosts()
        #expect(costs.seconds(rows: 1...1).first == nil)
        costs.record(rows: 1, seconds: 1)
        #expect(costs.seconds(rows: 8...8).first == 1)
        costs.record(rows: 5, seconds: 3)
        #expect(costs.seconds(rows: 3...3).first == 2)
        #expect(costs.seconds(rows: 9...9).first == 3)
        costs.record(rows: 1, seconds: 100)
        let hiccup = try #require(costs.seconds(rows: 1...1).first)
        #expect(hiccup <= 2)
        for bad in [0, -1, .nan, .infinity] as [Double] { costs.record(rows: 1, seconds: bad) }
        #expect(costs.seconds(rows: 1...1).first == hiccup)
        for _ in 0..<1000 { costs.record(rows: 1, seconds: 1) }
        let settled = try #require(costs.seconds(rows: 1...1).first)
        #expect(abs(settled - 1) < 1e-6)
        #expect(costs.seconds(rows: 5...5).first == settled, "what was measured long ago is forgotten")
    }

    private func costs(_ seconds: (Int) -> Double) -> StepCosts {
        var costs = StepCosts()
        for rows in 1...64 { costs.record(rows: rows, seconds: seconds(rows)) }
        return costs
    }

    @Test func draftsGrowWhereRowsAreFreeAndStopWhereTheyCost() {
        let chances = [[0.9, 0.8, 0.7, 0.6], [0.3, 0.1, 0.01, 0.001]]
        #expect(SpeculationPolicy.counts(chances, room: 9, StepCosts()) == [0, 0], "nothing is known yet")
        #expect(SpeculationPolicy.counts(chances, room: 9, costs { _ in 1 }) == [4, 4])
        #expect(SpeculationPolicy.counts(chances, room: 3, costs { _ in 1 }) == [3, 0])
        #expect(SpeculationPolicy.counts(chances, room: 0, costs { _ in 1 }) == [0, 0])
        #expect(SpeculationPolicy.counts(chances, room: 9, costs { Double($0) }) == [0, 0])
        // Up to four rows at the price of one: two of them are there already.
        #expect(SpeculationPolicy.counts(chances, room: 9, costs { Double(($0 + 3) / 4) }) == [2, 0])
    }

    @Test func largeStepsAreTriedByDoubling() {
        var costs = StepCosts()
        let chances = [[Double]](repeating: [Double](repeating: 1, count: 15), count: 4)
        for rows in [4, 8, 16, 32] {
            costs.record(rows: rows, seconds: 1)
            let drafted = SpeculationPolicy.counts(chances, room: 100, costs).reduce(0, +)
            #expect(drafted == min(60, 2 * rows - 4))
        }
        let many = [[Double]](repeating: [1], count: 200)
        #expect(SpeculationPolicy.counts(many, room: 100, costs).allSatisfy { $0 == 0 })
    }

    @Test func trialsBecomeRarerUntilDraftingPays() {
        var drafter = Drafter(acceptance: DraftAcceptance())
        var trials = (0..<10_000).count { _ in drafter.isTrialDue() }
        #expect(trials > 5 && trials < 30)
        drafter.resume()
        trials = (0..<64).count { _ in drafter.isTrialDue() }
        #expect(trials == 1)
    }
}
