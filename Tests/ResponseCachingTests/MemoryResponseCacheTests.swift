import Testing

@testable import ResponseCaching

struct MemoryResponseCacheTests {
    private let value = [UInt8](repeating: 7, count: 744)

    private func key(_ number: Int) -> CacheKey { CacheKey(["number": number]) }

    @Test func keepsWhatWasUsedLast() {
        // Four of these with what each costs.
        let cache = MemoryResponseCache(byteCount: 4000)
        for number in 0..<4 { cache.setValue(value, for: key(number), expiresIn: nil) }
        #expect(cache.value(for: key(0)) == value)
        cache.setValue(value, for: key(4), expiresIn: nil)
        #expect((0..<5).filter { cache.value(for: key($0)) != nil } == [0, 2, 3, 4])
        cache.removeValue(for: key(3))
        #expect(cache.byteCount == 3000)
        cache.setValue([1], for: key(2), expiresIn: nil)
        #expect(cache.value(for: key(2)) == [1])
        // More than all of it: not kept, and what was there under the key would be wrong now.
        cache.setValue([UInt8](repeating: 0, count: 4000), for: key(4), expiresIn: nil)
        #expect((0..<5).filter { cache.value(for: key($0)) != nil } == [0, 2])
    }

    @Test func staysWithinItsLimitWhateverComes() async {
        let cache = MemoryResponseCache(byteCount: 10_000)
        var numbers = SystemRandomNumberGenerator()
        var kept: [Int: [UInt8]] = [:]
        for round in 0..<20_000 {
            if round % 1000 == 0 { await Task.yield() }
            let number = Int.random(in: 0..<30, using: &numbers)
            switch Int.random(in: 0..<4, using: &numbers) {
            case 0, 1:
                let value = [UInt8](repeating: UInt8(number), count: Int.random(in: 0..<1500, using: &numbers))
                cache.setValue(value, for: key(number), expiresIn: nil)
                kept[number] = value
            case 2:
                if let value = cache.value(for: key(number)) { #expect(value == kept[number]) }
            default: cache.removeValue(for: key(number))
            }
            #expect(cache.byteCount <= 10_000)
        }
        for number in 0..<30 { cache.removeValue(for: key(number)) }
        #expect(cache.byteCount == 0)
    }

    @Test func valuesExpire() async throws {
        let cache = MemoryResponseCache(byteCount: 10_000)
        cache.setValue(value, for: key(1), expiresIn: .milliseconds(500))
        cache.setValue(value, for: key(2), expiresIn: .seconds(100))
        #expect(cache.value(for: key(1)) == value)
        try await Task.sleep(for: .milliseconds(510))
        #expect(cache.value(for: key(1)) == nil)
        #expect(cache.value(for: key(2)) == value)
        #expect(cache.byteCount == 1000)
    }
}
