import Testing

@testable import ResponseCaching

struct CacheKeyTests {
    private struct Inner: Hashable {
        var numbers: Set<Int> = []
        var weights: [Int: Float] = [:]
        var text: String?
    }

    private enum Choice: Hashable {
        case plain
        case other
        case with(Int)
        case named(Inner)
    }

    private struct Outer {
        var inner = Inner()
        var choice = Choice.plain
        var seed: UInt64?
        var flag = false
        var list: [Int] = []
    }

    private func key(_ change: (inout Outer) -> Void) -> CacheKey {
        var outer = Outer()
        change(&outer)
        return CacheKey(["outer": outer])
    }

    @Test func everyDifferenceMakesAnotherKey() {
        let keys = [
            key { _ in },
            key { $0.inner.numbers = [1] },
            key { $0.inner.numbers = [1, 2] },
            key { $0.inner.weights = [1: 2] },
            key { $0.inner.weights = [2: 1] },
            key { $0.inner.text = "" },
            key { $0.inner.text = "a" },
            key { $0.choice = .other },
            key { $0.choice = .with(1) },
            key { $0.choice = .with(2) },
            key { $0.choice = .named(Inner(text: "a")) },
            key { $0.seed = 0 },
            key { $0.seed = .max },
            key { $0.flag = true },
            key { $0.list = [0] },
            key { $0.list = [0, 0] },
            CacheKey(["outer": "text", "more": "x"]),
            CacheKey(["outer": "textmore", "": "x"]),
        ]
        #expect(Set(keys).count == keys.count)
    }

    /// Sets and dictionaries have another order in every process.
    @Test func orderWithoutMeaningIsNone() {
        var (filled, other) = (Set<Int>(), Set<Int>(minimumCapacity: 4096))
        var (weights, others) = ([Int: Float](), [Int: Float](minimumCapacity: 4096))
        for number in 0..<100 {
            filled.insert(number)
            other.insert(99 - number)
            weights[number] = Float(number)
            others[99 - number] = Float(99 - number)
        }
        #expect(
            CacheKey(["inner": Inner(numbers: filled, weights: weights)])
                == CacheKey(["inner": Inner(numbers: other, weights: others)])
        )
    }

    /// Files and other servers know answers by these keys: another spelling is another cache.
    @Test func keysAreTheSameInEveryProcess() {
        let inner = Inner(numbers: [3, 1, 2], weights: [7: 0.5, 8: -1], text: "Grüße")
        let key = CacheKey(["model": "abc", "tokens": [1, 2, 300], "options": inner, "seed": UInt64?.none as Any])
        #expect(key.description == "a9dfcf9688bc12ce576b9baf25c7692cd39e5207d51ca839e20e954c96ea0eb5")
    }
}
