import DeviceRuntime
import Testing

@Suite struct DeviceActivityTests {
    private func statistics(runs: Int, busy: Double, bytes: Int, operations: Int) -> DeviceStatistics {
        var statistics = DeviceStatistics()
        statistics.runs = runs
        statistics.busySeconds = busy
        statistics.readByteCount = bytes
        statistics.operations = operations
        statistics.kernels = [
            "linear": KernelStatistics(launches: 3 * runs, seconds: busy * 0.75),
            "swiglu": KernelStatistics(launches: runs, seconds: busy * 0.25),
        ]
        return statistics
    }

    @Test func activityIsTheDifferenceOfTwoLooks() {
        let earlier = statistics(runs: 10, busy: 5, bytes: 1000, operations: 4000)
        var later = statistics(runs: 14, busy: 6, bytes: 3000, operations: 12_000)
        later.kernels["exp"] = KernelStatistics(launches: 1, seconds: 0.5)
        let activity = DeviceActivity(from: earlier, to: later, seconds: 4)
        #expect(activity.runs == 4 && activity.launches == 17)
        #expect(activity.utilization == 0.25)
        #expect(activity.bytesPerSecond == 500 && activity.operationsPerSecond == 2000)
        #expect(activity.bandwidthUtilization == nil && activity.computeUtilization == nil)
        #expect(activity.kernels.map(\.operation) == ["linear", "exp", "swiglu"])
        #expect(activity.kernels.map(\.launches) == [12, 1, 4])
        later.peakBandwidth = 1000
        later.peakOperations = 8000
        let known = DeviceActivity(from: earlier, to: later, seconds: 4)
        #expect(known.bandwidthUtilization == 0.5 && known.computeUtilization == 0.25)
    }

    @Test func aDeviceThatDidNothingIsIdle() {
        let same = statistics(runs: 10, busy: 5, bytes: 1000, operations: 4000)
        let activity = DeviceActivity(from: same, to: same, seconds: 0)
        #expect(activity.utilization == 0 && activity.kernels.isEmpty && activity.bytesPerSecond == 0)
    }

    @Test func theDriverKnowsBetter() {
        let earlier = statistics(runs: 1, busy: 1, bytes: 1, operations: 1)
        var later = earlier
        later.reportedUtilization = 0.9
        #expect(DeviceActivity(from: earlier, to: later, seconds: 1).utilization == 0.9)
        // More than all of it is none that anybody has.
        later.reportedUtilization = 7
        #expect(DeviceActivity(from: earlier, to: later, seconds: 1).utilization == 1)
    }

    @Test func aDeviceThatWasMadeAnewStartsFromNothing() {
        let earlier = statistics(runs: 10, busy: 5, bytes: 1000, operations: 4000)
        let later = statistics(runs: 2, busy: 1, bytes: 100, operations: 400)
        let activity = DeviceActivity(from: earlier, to: later, seconds: 10)
        #expect(activity.runs == 2 && activity.utilization == 0.1 && activity.bytesPerSecond == 10)
    }
}
