import KongurTesting
import Testing

@testable import CPUBackend

/// Limits as systems tell them, from files of a folder.
@Suite struct ControlGroupsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try write("proc/meminfo", "MemTotal:       8000000 kB\nMemFree:        100 kB\nMemAvailable:   4000000 kB\n")
        try write("proc/self/status", "Name:\tkongur\nVmRSS:\t  90000 kB\nRssAnon:\t   50000 kB\nRssFile:\t 40000 kB\n")
    }

    private func write(_ path: String, _ text: String) throws {
        try folder.write(Array(text.utf8), to: path)
    }

    private var memory: SystemMemory { SystemMemory(root: folder.path) }

    @Test func theMachineIsTheLimitWithoutGroups() throws {
        #expect(memory.held == 50_000 << 10)
        #expect(memory.limit?.byteCount == 4_050_000 << 10)
        #expect(memory.limit?.reason.contains("machine") == true)
        #expect(memory.tightest?.byteCount == 8_000_000 << 10 && memory.tightest?.usedByteCount == 4_000_000 << 10)
        try write("proc/self/cgroup", "0::/\n")
        #expect(memory.limit?.byteCount == 4_050_000 << 10)
    }

    @Test func theTightestGroupOfVersionTwoCounts() throws {
        try write("proc/self/cgroup", "0::/outer/inner\n")
        try write("sys/fs/cgroup/outer/inner/memory.max", "max\n")
        try write("sys/fs/cgroup/outer/memory.max", "2000000000\n")
        try write("sys/fs/cgroup/outer/memory.current", "900000000\n")
        try write(
            "sys/fs/cgroup/outer/memory.stat",
            "anon 500000000\nfile 400000000\nactive_file 100000000\ninactive_file 300000000\n"
        )
        // Of the 500 MB that no file gives back, 51.2 are our own.
        #expect(memory.limit?.byteCount == 2_000_000_000 - (500_000_000 - 51_200_000))
        #expect(memory.tightest?.byteCount == 2_000_000_000 && memory.tightest?.usedByteCount == 500_000_000)
        #expect(memory.limit?.reason.hasSuffix("/sys/fs/cgroup/outer leaves") == true)
        try write("sys/fs/cgroup/outer/inner/memory.high", "1000000\n")
        #expect(memory.limit?.byteCount == 1_000_000)
        // More is used than may be.
        try write("sys/fs/cgroup/outer/inner/memory.current", "100000000\n")
        #expect(memory.limit?.byteCount == 0)
    }

    @Test func insideAContainerItsOwnGroupIsTheOutermost() throws {
        try write("proc/self/cgroup", "12:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n")
        try write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000000\n")
        try write("sys/fs/cgroup/memory/memory.usage_in_bytes", "71200000\n")
        try write("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 10000000\n")
        #expect(memory.limit?.byteCount == 1_000_000_000 - 10_000_000)
        // What version 1 says where there is no limit.
        try write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
        #expect(memory.limit?.byteCount == 4_050_000 << 10)
    }

    @Test func nothingToReadIsNoLimit() throws {
        #expect(SystemMemory(root: folder.path + "/nowhere").limit == nil)
        try write("proc/self/cgroup", "nonsense\n0::/a/../b\n:::\n")
        try write("proc/meminfo", "MemAvailable: much\n")
        try write("sys/fs/cgroup/a/b/memory.max", "\n")
        #expect(memory.limit == nil)
    }

    @Test func foldersGoOutwards() throws {
        try write("proc/self/cgroup", "4:memory:/old\n7:cpuset:/set\n0::/system.slice/kongur\n")
        let groups = ControlGroups(root: folder.path)
        let unified = ["/sys/fs/cgroup/system.slice/kongur", "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup"]
        #expect(groups.folders(of: "cpu") == unified)
        #expect(groups.folders(of: "memory") == ["/sys/fs/cgroup/memory/old", "/sys/fs/cgroup/memory"] + unified)
    }

    @Test func thisProcessHoldsSomething() {
        #expect(SystemMemory().held > 0)
        #expect(SystemMemory().limit?.byteCount ?? 0 > 1 << 20)
    }
}
