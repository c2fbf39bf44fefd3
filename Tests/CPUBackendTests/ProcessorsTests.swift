import Testing

@testable import CPUBackend

@Suite struct ProcessorsTests {
    @Test(
        arguments: [
            ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000", 2), ("5000 100000", 1), ("400000", 4),
            ("", nil), ("-1 100000", nil), ("100000 0", nil), ("nonsense", nil),
        ] as [(String, Int?)]
    )
    func quotaIsWholeProcessorsRoundedUp(text: String, expected: Int?) {
        #expect(Processors.quota(cpuMax: text) == expected)
    }

    @Test func thereIsAtLeastOne() {
        #expect(Processors.available >= 1)
    }
}
