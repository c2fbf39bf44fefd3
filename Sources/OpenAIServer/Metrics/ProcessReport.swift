import Foundation
import PrometheusMetrics

/// The process's own metrics under the names that Prometheus' client libraries use, from `/proc`.
struct ProcessReport: Sendable {
    private let resident: Family<Gauge>
    private let virtual: Family<Gauge>
    private let seconds: Family<Counter>
    private let files: Family<Gauge>
    private let start: Family<Gauge>

    init(_ registry: MetricsRegistry, version: String) {
        registry.gauge("kongur_build_info", "The version of this server.", labels: ["version"])[version].set(1)
        resident = registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.")
        virtual = registry.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.")
        seconds = registry.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")
        files = registry.gauge("process_open_fds", "Number of open file descriptors.")
        start = registry.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.")
        Self.startTime.map { start[].set($0) }
    }

    func follow(on registry: MetricsRegistry) {
        registry.onScrape { take() }
    }

    private func take() {
        if let pages = Self.numbers("/proc/self/statm"), pages.count > 1 {
            virtual[].set(pages[0] * Double(sysconf(Int32(_SC_PAGESIZE))))
            resident[].set(pages[1] * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
        var time = timespec()
        if clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 {
            seconds[].follow(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
        }
        if let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            files[].set(names.count)
        }
    }

    /// From the ticks after the machine's start at which the process began, the 22nd field of its `stat`.
    private static var startTime: Double? {
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let uptime = numbers("/proc/uptime")?.first,
            let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 19,
            let ticks = Double(fields[19])
        else { return nil }
        return Date().timeIntervalSince1970 - uptime + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func numbers(_ path: String) -> [Double]? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return text.split(separator: " ").compactMap { Double($0) }
    }
}
