import BatchJobs
import Testing

@testable import OpenAIServer

struct BatchTurnsTests {
    private func waiting(_ owner: String, _ id: String, lines: Int) -> BatchTurns.Waiting {
        let batch = Batch(
            id: id,
            owner: owner,
            endpoint: "",
            inputFile: "",
            window: "",
            metadata: nil,
            created: 0,
            expires: 0,
            outputLifetime: 0
        )
        let line = { BatchLine(number: $0, offset: 0, byteCount: 0, customID: "") }
        return BatchTurns.Waiting(batch: batch, lines: ((1...lines).map(line))[...])
    }

    /// Begins lines until none may begin; the batches in the order of their lines.
    private func begin(
        _ turns: inout BatchTurns,
        _ waiting: inout [BatchTurns.Waiting],
        places: Int,
        weights: [String: Int] = [:]
    ) -> [String] {
        var begun: [String] = []
        while let index = turns.next(waiting, places: places, weights: weights) {
            _ = waiting[index].lines.popFirst()
            turns.began(waiting[index].batch)
            begun.append(waiting[index].batch.id)
        }
        return begun
    }

    @Test func ownersShareThePlaces() {
        var turns = BatchTurns()
        var waiting = [
            waiting("ann", "a1", lines: 90), waiting("ann", "a2", lines: 90), waiting("bob", "b", lines: 90),
        ]
        let begun = begin(&turns, &waiting, places: 8)
        #expect(begun.count { $0 == "a1" } == 2 && begun.count { $0 == "a2" } == 2 && begun.count { $0 == "b" } == 4)
    }

    @Test func weightsCount() {
        var turns = BatchTurns()
        var waiting = [waiting("ann", "a", lines: 90), waiting("bob", "b", lines: 90)]
        let begun = begin(&turns, &waiting, places: 8, weights: ["ann": 3, "bob": 1])
        #expect(begun.count { $0 == "a" } == 6 && begun.count { $0 == "b" } == 2)
    }

    @Test func whoComesLaterDoesNotWaitForTheLinesOfOthers() {
        var turns = BatchTurns()
        var first = [waiting("ann", "a", lines: 90)]
        #expect(begin(&turns, &first, places: 8).count == 8)
        var both = first + [waiting("bob", "b", lines: 90)]
        #expect(begin(&turns, &both, places: 8) == ["b", "b", "b", "b"])
        // The places of those that end go to who has fewest.
        for _ in 0..<6 { turns.ended(both[0].batch) }
        #expect(begin(&turns, &both, places: 8).count { $0 == "a" } == 2)
    }

    @Test(arguments: [1, 0, -3]) func withoutPlacesEachOwnerHasOne(places: Int) {
        var turns = BatchTurns()
        var waiting = [waiting("ann", "a1", lines: 9), waiting("ann", "a2", lines: 9), waiting("bob", "b", lines: 9)]
        #expect(begin(&turns, &waiting, places: places).sorted() == ["a1", "b"])
        turns.ended(waiting[0].batch)
        // The other batch of the same owner is next.
        #expect(begin(&turns, &waiting, places: places) == ["a2"])
        turns.forget(allBut: [])
        #expect(turns.count == 2)
    }
}
