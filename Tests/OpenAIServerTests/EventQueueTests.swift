import InferenceEngine
import MemoryAccounting
import Testing
import TextGeneration

@testable import OpenAIServer

/// What a slow client has not read is bounded, and what a fast one reads is all there is.
struct EventQueueTests {
    private func share(_ byteCount: Int) -> (MemoryLedger, AccountMemory.Share) {
        let ledger = MemoryLedger(byteCount: byteCount)
        let memory = AccountMemory(ledger, .events, allowance: 16 << 10)
        return (ledger, AccountMemory.Share(memory, for: Account("a")))
    }

    private func text(_ event: RunEvent?) -> String? {
        if case .answer(_, .answer(let text)) = event { text } else { nil }
    }

    @Test func givesInOrderAndEnds() async throws {
        let (ledger, share) = share(64 << 20)
        let queue = EventQueue(share, keeps: false)
        let reader = Task {
            var texts: [String] = []
            while let event = try await queue.next() { texts.append(text(event) ?? "-") }
            return texts
        }
        for number in 0..<20_000 {
            queue.add(.answer(choice: 0, .answer("\(number)")))
            if number % 100 == 0 { await Task.yield() }
        }
        queue.finish()
        queue.add(.answer(choice: 0, .answer("late")))
        #expect(try await reader.value == (0..<20_000).map(String.init))
        #expect(ledger.drawn == 0)
    }

    @Test func whatNobodyReadsEndsTheRun() async throws {
        let (ledger, share) = share(8 << 20)
        let queue = EventQueue(share, keeps: false)
        let piece = String(repeating: "a", count: 1000)
        for _ in 0..<100_000 { queue.add(.answer(choice: 0, .answer(piece))) }
        #expect(ledger.drawn <= 4 << 20)
        var count = 0
        let error = await #expect(throws: APIError.self) {
            while try await queue.next() != nil { count += 1 }
        }
        #expect(error?.code == "memory_full" && count > 1000)
        #expect(ledger.drawn == 0)
    }

    @Test func whatIsKeptElsewhereWaitsForTheReader() async throws {
        let (ledger, share) = share(1 << 20)
        let queue = EventQueue(share, keeps: false)
        let piece = String(repeating: "a", count: 2_000)
        let giver = Task {
            for _ in 0..<1000 { _ = await queue.addInTurn(.answer(choice: 0, .answer(piece))) }
            queue.finish()
        }
        var count = 0
        while try await queue.next() != nil { count += 1 }
        await giver.value
        #expect(count == 1000 && ledger.drawn == 0)
        // One that waits when the run ends does not wait for ever.
        let other = EventQueue(share, keeps: false)
        let stuck = Task { for _ in 0..<1000 { _ = await other.addInTurn(.tick) } }
        other.finish(throwing: ClientGone())
        await stuck.value
    }

    @Test func timeIsToldOnce() async throws {
        let (_, share) = share(1 << 20)
        let queue = EventQueue(share, keeps: false)
        for _ in 0..<1000 { queue.tick() }
        queue.finish()
        var count = 0
        while try await queue.next() != nil { count += 1 }
        #expect(count == 1)
    }

    @Test func cancellingEndsTheWait() async throws {
        let (_, share) = share(1 << 20)
        let queue = EventQueue(share, keeps: false)
        let reader = Task { try await queue.next() == nil }
        reader.cancel()
        #expect(try await reader.value)
    }
}
