import InferenceEngine
import Synchronization
import Testing

@testable import OpenAIServer

struct ReadingTurnsTests {
    private let ann = Account("ann")
    private let bob = Account("bob")

    private final class Counter: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var now: Int { state.withLock(\.now) }
        var most: Int { state.withLock(\.most) }

        func begin() {
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }

        func end() { state.withLock { $0.now -= 1 } }
    }

    /// Puts so many in line, numbered from `first` on; how many have their turn at once.
    private func enter(_ queue: inout TurnQueue, _ account: Account, first: UInt64, count: Int) -> Int {
        (0..<count).count { queue.enter(first + UInt64($0), account) }
    }

    @Test func whoComesLaterIsNextButOne() {
        var queue = TurnQueue(limit: 1)
        #expect(enter(&queue, ann, first: 0, count: 50) == 1)
        #expect(enter(&queue, bob, first: 50, count: 2) == 0)
        #expect([ann, bob, ann, bob].map { queue.leave($0) } == [50, 1, 51, 2])
        queue.remove(3, ann)
        #expect(queue.leave(ann) == 4)
    }

    @Test func weightsCount() {
        var queue = TurnQueue(limit: 4)
        #expect(enter(&queue, ann, first: 0, count: 4) == 4)
        #expect(enter(&queue, Account("eve", weight: 3), first: 10, count: 10) == 0)
        #expect(enter(&queue, ann, first: 20, count: 10) == 0)
        #expect((0..<4).map { _ in queue.leave(ann) } == [10, 11, 12, 20])
    }

    @Test func noMoreRunThanThereAreThreadsAndNoTurnIsLost() async throws {
        let turns = ReadingTurns(limit: 2)
        let counter = Counter()
        for isCancelled in [false, true] {
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        try? await turns.run(Account("\(index % 3)")) {
                            counter.begin()
                            await Task.yield()
                            counter.end()
                            if index % 5 == 0 { throw CancellationError() }
                        }
                    }
                }
                // Those that wait then are gone.
                if isCancelled { group.cancelAll() }
            }
            #expect(counter.now == 0 && counter.most <= 2)
            let isReached = try await turns.run(ann) { true }
            #expect(isReached)
        }
    }
}
