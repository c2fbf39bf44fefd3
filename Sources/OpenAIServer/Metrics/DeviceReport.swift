import DeviceRuntime
import InferenceEngine
import PrometheusMetrics

/// What devices hold and have done, taken from each at each scrape.
///
/// Shares of time are for the reader to make: `rate(kongur_device_busy_seconds_total[1m])` is the utilisation.
final class DeviceReport: Sendable {
    private static let labels = ["model_name", "engine", "device"]

    private let model: String
    private let up: Family<Gauge>
    private let memory: Family<Gauge>
    private let gauges: [Reading<Gauge, Double?>]
    private let counters: [Reading<Counter, Double>]
    private let kernelLaunches: Family<Counter>
    private let kernelSeconds: Family<Counter>

    init(_ registry: MetricsRegistry, model: String) {
        self.model = model
        var (gauges, counters): ([Reading<Gauge, Double?>], [Reading<Counter, Double>]) = ([], [])
        func gauge(_ name: String, _ help: String, _ value: @escaping @Sendable (DeviceStatistics) -> Double?) {
            gauges.append(Reading(registry.gauge("kongur_device_\(name)", help, labels: Self.labels), value))
        }
        func counter(_ name: String, _ help: String, _ value: @escaping @Sendable (DeviceStatistics) -> Double) {
            let family = registry.counter("kongur_device_\(name)_total", help, labels: Self.labels)
            counters.append(Reading(family, value))
        }
        up = registry.gauge(
            "kongur_device_up",
            "1 while the device works, 0 after it has failed.",
            labels: Self.labels
        )
        memory = registry.gauge(
            "kongur_device_memory_bytes",
            "Memory that the model holds, by what it is for: weights, cache or work.",
            labels: Self.labels + ["owner"]
        )
        gauge("threads", "Threads that the device computes with.") { Double($0.threadCount) }
        gauge("memory_total_bytes", "The device's memory; of a processor, the machine's or the control group's.") {
            $0.memoryByteCount.map { Double($0) }
        }
        gauge("memory_used_bytes", "What of that is taken, by anybody.") { $0.usedMemoryByteCount.map { Double($0) } }
        gauge("onchip_memory_total_bytes", "The memory on the device's chip.") {
            $0.onChipByteCount.map { Double($0) }
        }
        gauge("onchip_memory_used_bytes", "What of the memory on the chip is taken.") {
            $0.usedOnChipByteCount.map { Double($0) }
        }
        gauge("utilization_ratio", "The driver's own account of how busy the device is.") { $0.reportedUtilization }
        gauge("temperature_celsius", "The temperature of the device.") { $0.temperature }
        gauge("power_watts", "The power that the device takes.") { $0.power }
        gauge("power_limit_watts", "The power that the device may take.") { $0.powerLimit }
        counter("runs", "Runs of the model's program.") { Double($0.runs) }
        counter("busy_seconds", "Time in which the device ran the program.") { $0.busySeconds }
        counter("read_bytes", "Weights and cache that the program read, by its own account.") {
            Double($0.readByteCount)
        }
        counter("operations", "Multiplications and additions of matrix products.") { Double($0.operations) }
        counter("fallbacks", "Steps that ran elsewhere for want of a kernel on the device.") { Double($0.fallbacks) }
        counter("faults", "Errors of the device.") { Double($0.faults) }
        kernelLaunches = registry.counter(
            "kongur_device_kernel_launches_total",
            "Kernels that were started, by operation.",
            labels: Self.labels + ["operation"]
        )
        kernelSeconds = registry.counter(
            "kongur_device_kernel_seconds_total",
            "Time that kernels took, by operation.",
            labels: Self.labels + ["operation"]
        )
        (self.gauges, self.counters) = (gauges, counters)
    }

    func take(_ engine: Engine, number: Int) {
        let statistics = engine.device.statistics
        let labels = (model, "\(number)", engine.device.name)
        up[labels.0, labels.1, labels.2].set(engine.isLost ? 0 : 1)
        for (owner, bytes) in [
            ("weights", statistics.weightByteCount), ("cache", statistics.stateByteCount),
            ("work", statistics.arenaByteCount),
        ] {
            memory[labels.0, labels.1, labels.2, owner].set(bytes)
        }
        for gauge in gauges {
            gauge.value(statistics).map { gauge.family[labels.0, labels.1, labels.2].set($0) }
        }
        for counter in counters { counter.family[labels.0, labels.1, labels.2].follow(counter.value(statistics)) }
        for (operation, kernel) in statistics.kernels {
            kernelLaunches[labels.0, labels.1, labels.2, operation].follow(kernel.launches)
            kernelSeconds[labels.0, labels.1, labels.2, operation].follow(kernel.seconds)
        }
    }
}

/// A metric, and what of the statistics it is.
private struct Reading<Kind: Metric, Value>: Sendable {
    let family: Family<Kind>
    let value: @Sendable (DeviceStatistics) -> Value

    init(_ family: Family<Kind>, _ value: @escaping @Sendable (DeviceStatistics) -> Value) {
        self.family = family
        self.value = value
    }
}
