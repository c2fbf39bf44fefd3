import HTTPTypes
import InferenceEngine
import MemoryAccounting
import NIOCore
import Testing

@testable import OpenAIServer

/// Who gets how much of the memory that clients share.
struct AccountMemoryTests {
    private static let mebibyte = 1 << 20

    /// A ledger of which bodies may have 8 MiB.
    private func memory(allowance: Int = 0) -> (MemoryLedger, AccountMemory) {
        let ledger = MemoryLedger(byteCount: 16 * Self.mebibyte)
        return (ledger, AccountMemory(ledger, .bodies, allowance: allowance))
    }

    private func fill(_ share: AccountMemory.Share) -> Int {
        var count = 0
        while share.take(64 << 10) { count += 64 << 10 }
        return count
    }

    @Test func eachClientGetsAsMuchAsIsLeft() {
        let (ledger, memory) = memory()
        let first = AccountMemory.Share(memory, for: Account("first"))
        #expect(fill(first) == 4 * Self.mebibyte)
        // Another request of the same client gets nothing, and another client half of the rest.
        #expect(!AccountMemory.Share(memory, for: Account("first")).take(1))
        let second = AccountMemory.Share(memory, for: Account("second"))
        #expect(fill(second) == 2 * Self.mebibyte)
        var others: [AccountMemory.Share] = []
        for number in 0..<4 {
            let share = AccountMemory.Share(memory, for: Account("\(number)"))
            #expect(share.take(64 << 10))
            others.append(share)
        }
        #expect(ledger.drawn(for: .bodies) == 6 * Self.mebibyte + 4 * (64 << 10))
        first.giveBack()
        first.giveBack()
        #expect(AccountMemory.Share(memory, for: Account("first")).take(1))
        second.giveBack(2 * Self.mebibyte)
        #expect(ledger.drawn(for: .bodies) == 4 * (64 << 10))
        others = []
        #expect(ledger.drawn == 0)
    }

    @Test func littleIsAlwaysThere() {
        let (ledger, memory) = memory(allowance: 16 << 10)
        let hog = AccountMemory.Share(memory, for: Account("hog"))
        while hog.take(1 << 10) {}
        let small = AccountMemory.Share(memory, for: Account("hog"))
        for _ in 0..<100 {
            #expect(small.take(16 << 10))
            #expect(!small.take(1))
            small.giveBack(16 << 10)
        }
        // What other uses have drawn is not there, whatever the share.
        let other = ledger.lease(8 * Self.mebibyte, for: .grammars)
        #expect(other != nil)
        hog.giveBack()
        let count = fill(AccountMemory.Share(memory, for: Account("late")))
        #expect(count > 0 && ledger.drawn <= ledger.byteCount)
    }

    @Test func bodiesThatAreNotCompleteLeaveRoomForOthers() async throws {
        let ledger = MemoryLedger(byteCount: 112 * Self.mebibyte)
        let memory = RequestMemory(ledger, connections: 1024)
        let attackers = (0..<64).map { _ in memory.body(of: Account("attacker")) }
        for share in attackers { for _ in 0..<64 where !share.take(16 << 10) { break } }
        let body = ByteBuffer(repeating: UInt8(ascii: "1"), count: 1 << 20)
        let share = memory.body(of: Account("honest"))
        #expect(share.take(body.readableBytes))
        try await memory.takeParsing(body, share, patience: .zero)
        withExtendedLifetime(attackers) {}
    }

    @Test func listsCostMoreThanTexts() async throws {
        let text = ByteBuffer(string: #"{"prompt":""# + String(repeating: "a", count: 100_000) + #""}"#)
        let list = ByteBuffer(string: #"{"prompt":["# + String(repeating: "1,", count: 50_000) + "1]}")
        #expect(RequestMemory.parsedByteCount(list) > 4 * RequestMemory.parsedByteCount(text))
        let ledger = MemoryLedger(byteCount: 8 * Self.mebibyte)
        let memory = RequestMemory(ledger, connections: 16)
        let tooMuch = await #expect(throws: APIError.self) {
            try await memory.takeParsing(list, memory.body(of: Account("a")), patience: .zero)
        }
        #expect(tooMuch?.status == .contentTooLarge)
        // What others take is waited for, and then it is a 503.
        let first = memory.body(of: Account("a"))
        while first.take(64 << 10) {}
        let late = await #expect(throws: APIError.self) {
            try await memory.takeParsing(text, memory.body(of: Account("a")), patience: .milliseconds(60))
        }
        #expect(late?.status == .serviceUnavailable && late?.retryAfter == 1)
        async let waiting: Void = memory.takeParsing(text, memory.body(of: Account("a")), patience: .seconds(30))
        first.giveBack()
        try await waiting
    }
}
