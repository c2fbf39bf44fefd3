import MemoryAccounting
import Testing

/// Requests that draw their memory from one ledger.
@Suite struct MemoryLedgerTests {
    @Test func nobodyTakesMoreThanThereIs() throws {
        let ledger = MemoryLedger(byteCount: 800)
        var grammars = ledger.lease(300, for: .grammars)
        #expect(grammars?.draw(200) == true)
        // The other three have 100 each to themselves.
        #expect(grammars?.draw(1) == false)
        #expect(grammars?.byteCount == 500 && ledger.drawn(for: .grammars) == 500)
        for use in [MemoryLedger.Use.bodies, .events, .connections] {
            #expect(ledger.lease(101, for: use) == nil)
            let own = try #require(ledger.lease(100, for: use))
            #expect(ledger.drawn(for: use) == 100)
            own.giveBack(40)
            #expect(own.byteCount == 60)
        }
        grammars = nil
        #expect(ledger.drawn == 0)
        #expect(ledger.lease(501, for: .bodies) == nil)
        #expect(ledger.lease(.max, for: .bodies) == nil)
        #expect(ledger.lease(500, for: .bodies) != nil)
    }

    @Test func whatIsGivenBackTwiceIsGivenBackOnce() throws {
        let ledger = MemoryLedger(byteCount: 80)
        let lease = try #require(ledger.lease(10, for: .events))
        lease.giveBack(100)
        lease.giveBack()
        #expect(lease.byteCount == 0 && ledger.drawn == 0)
        #expect(lease.draw(20) && lease.draw(0) && ledger.drawn == 20)
    }

    @Test func cachesMakeRoom() throws {
        let ledger = MemoryLedger(byteCount: 800)
        let cache = try #require(ledger.lease(500, for: .grammars))
        ledger.addCache { [weak cache] in cache?.giveBack($0) }
        let other = try #require(ledger.lease(300, for: .bodies))
        #expect(other.byteCount == 300 && cache.byteCount == 200)
    }

    @Test func manyAtOnceStayWithinIt() async throws {
        let ledger = MemoryLedger(byteCount: 8_000)
        let most = await withTaskGroup(of: Int.self) { group in
            for index in 0..<64 {
                group.addTask {
                    var most = 0
                    for _ in 0..<500 {
                        guard let use = MemoryLedger.Use(rawValue: index % 4) else { continue }
                        let lease = ledger.lease(1_000, for: use)
                        most = max(most, ledger.drawn)
                        lease?.giveBack(500)
                    }
                    return most
                }
            }
            return await group.reduce(0, max)
        }
        #expect(most <= 8_000 && ledger.drawn == 0)
    }
}
