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

    @Test func theUnifiedHierarchyIsFoundAmongOthers() {
        #expect(Processors.path(cgroup: "4:memory:/old\n0::/system.slice/kongur\n") == "/system.slice/kongur")
        #expect(Processors.path(cgroup: "0::/\n") == "/")
        #expect(Processors.path(cgroup: "1:cpu:/a\n") == nil)
    }

    @Test func thereIsAtLeastOne() {
        #expect(Processors.available >= 1)
    }
}
