import DeviceRuntime
import InferenceEngine

/// Two looks at devices, and what they say together: the lines of `kongur top`.
///
/// In the shape of `xpu-smi`: versions; for each device its temperature, power, memory, utilisation and memory on the chip;
/// and then what `xpu-smi` has no idea of, engines and kernels.
struct DeviceView {
    /// One look.
    struct Look {
        var version: String
        var devices: [DeviceStatus]
        /// Seconds on a clock that only goes forward.
        var time: Double
    }

    /// Nil before there are two looks to compare.
    let earlier: Look?
    let later: Look
    /// The most kernels that are shown.
    var mostKernels = Int.max

    static let width = 79
    private static let columns = [31, 22, 22]

    /// Lines of `width` characters each.
    var lines: [String] {
        let devices = later.devices
        let dashes = Self.columns.map { String(repeating: "-", count: $0) }.joined(separator: "+")
        let equals = Self.columns.map { String(repeating: "=", count: $0) }.joined(separator: "+")
        var lines = [
            Self.outer, Self.row(versions), "|\(dashes)|",
            Self.row(["Dev  Name", "State        Threads", "Fallbacks     Faults"]),
            Self.row(["Temp      Power: now / limit", "        Memory-Usage", "Util         Compute"]),
            Self.row(["", "      On-chip Memory", "           Bandwidth"]), "|\(equals)|",
        ]
        for device in devices { lines += block(of: device) + ["+\(dashes)+"] }
        if devices.isEmpty { lines += [Self.row("no devices"), Self.outer] }
        lines += devices.compactMap(\.failure).flatMap { [Self.row("LOST: \($0)")] }
        if devices.contains(where: { $0.engine != nil }) {
            lines += engines + kernels
        } else {
            lines.append(
                Self.row("Engines and kernels are seen through a server: kongur top --server URL")
            )
        }
        return lines + [Self.outer]
    }

    // MARK: Devices

    private var versions: String {
        let first = later.devices.first?.statistics
        let driver = first?.driverVersion ?? "N/A"
        let runtime = first?.runtimeVersion ?? "N/A"
        return Self.padded("KONGUR \(later.version)", 24) + Self.padded("Driver Version: \(driver)", 26)
            + "Runtime Version: \(runtime)"
    }

    private func block(of device: DeviceStatus) -> [String] {
        let statistics = device.statistics
        let activity = activity(of: device)
        let now = Self.right(statistics.power.map { "\(Int($0.rounded()))W" } ?? "N/A", 5)
        let limit = statistics.powerLimit.map { "\(Int($0.rounded()))W" } ?? "N/A"
        let temperature = Self.padded(
            statistics.temperature.map { "\(Int($0.rounded()))C" } ?? "N/A",
            6
        )
        let memory = Self.use(statistics.usedMemoryByteCount, statistics.memoryByteCount)
        let onChip = Self.use(statistics.usedOnChipByteCount, statistics.onChipByteCount)
        let utilization = activity.map { Self.percent($0.utilization) } ?? "N/A"
        let done = device.engine == nil ? nil : activity
        let compute =
            done.map { rate($0.operationsPerSecond, "op/s", $0.computeUtilization) } ?? "N/A"
        let bandwidth =
            done.map { rate($0.bytesPerSecond, "B/s", $0.bandwidthUtilization) } ?? "N/A"
        let state = device.failure == nil ? "ok" : "LOST"
        return [
            Self.row([
                Self.right("\(device.index)", 3) + "  " + device.name,
                Self.padded(state, 13) + Self.right("\(statistics.threadCount)", 7),
                Self.right("\(statistics.fallbacks)", 9) + Self.right("\(statistics.faults)", 11),
            ]),
            Self.row([
                temperature + Self.right("\(now) / \(limit)", 17), memory,
                Self.right(utilization, 5) + Self.right(compute, 15),
            ]),
            Self.row(["held " + held(statistics), onChip, Self.right(bandwidth, 20)]),
        ]
    }

    private func held(_ statistics: DeviceStatistics) -> String {
        let parts = [statistics.weightByteCount, statistics.stateByteCount, statistics.arenaByteCount]
        return "w/kv/work " + parts.map { "\(Self.mebibytes($0))" }.joined(separator: "/") + "M"
    }

    private func activity(of device: DeviceStatus) -> DeviceActivity? {
        // On a device without an engine others compute, of whom only its driver knows.
        guard device.engine != nil || device.statistics.reportedUtilization != nil, let earlier,
            let before = earlier.devices.first(where: { $0.index == device.index })
        else { return nil }
        return DeviceActivity(
            from: before.statistics,
            to: device.statistics,
            seconds: later.time - earlier.time
        )
    }

    /// A share of what is the most where that is known, or so much a second.
    private func rate(_ value: Double, _ unit: String, _ share: Double?) -> String {
        share.map { Self.percent($0) } ?? Self.scaled(value) + unit
    }

    // MARK: Engines and kernels

    private var engines: [String] {
        var lines = [
            Self.row("Dev  Running  Waiting    Batch   KV use   Tokens/s   Prompt/s   Preempted")
        ]
        for device in later.devices {
            guard let engine = device.engine else { continue }
            let before = earlier?.devices.first { $0.index == device.index }?.engine
            let seconds = max(later.time - (earlier?.time ?? later.time), 1e-9)
            func grown(_ path: KeyPath<DeviceStatus.EngineState, Int>) -> Double? {
                before.map { Double(max(0, engine[keyPath: path] - $0[keyPath: path])) }
            }
            let steps = grown(\.steps) ?? 0
            let batch = steps > 0 ? Self.decimal((grown(\.stepTokens) ?? 0) / steps) : "-"
            let used =
                Double(engine.cacheBlocks - engine.freeCacheBlocks) / Double(max(1, engine.cacheBlocks))
            let cells = [
                ("\(device.index)", 3), ("\(engine.running)", 9), ("\(engine.waiting)", 9), (batch, 9),
                (Self.percent(used), 9),
                (grown(\.generatedTokens).map { Self.decimal($0 / seconds) } ?? "-", 11),
                (grown(\.promptTokens).map { Self.decimal($0 / seconds) } ?? "-", 11),
                ("\(engine.preemptions)", 12),
            ]
            lines.append(Self.row(cells.map { Self.right($0.0, $0.1) }.joined()))
        }
        return lines + [Self.outer]
    }

    private var kernels: [String] {
        var lines = [
            Self.row("Dev  Kernel                    Launches/s       ms/s   Share   us/launch")
        ]
        for device in later.devices {
            guard let activity = activity(of: device) else { continue }
            let all = activity.kernels.reduce(0) { $0 + $1.seconds }
            for kernel in activity.kernels.prefix(mostKernels) {
                let cells = [
                    Self.right("\(device.index)", 3) + "  " + Self.padded(kernel.operation, 24),
                    Self.right(Self.decimal(Double(kernel.launches) / activity.seconds), 12),
                    Self.right(Self.decimal(kernel.seconds / activity.seconds * 1000), 11),
                    Self.right(Self.percent(all > 0 ? kernel.seconds / all : 0), 8),
                    Self.right(Self.decimal(kernel.seconds / Double(kernel.launches) * 1e6), 12),
                ]
                lines.append(Self.row(cells.joined()))
            }
        }
        if lines.count == 1 { lines.append(Self.row("  -  idle")) }
        return lines
    }

    // MARK: Text

    private static let outer = "+" + String(repeating: "-", count: width - 2) + "+"

    private static func row(_ text: String) -> String { "| " + padded(text, width - 4) + " |" }

    private static func row(_ cells: [String]) -> String {
        "|" + zip(cells, columns).map { " " + padded($0, $1 - 2) + " " }.joined(separator: "|") + "|"
    }

    /// The text in exactly so many characters.
    private static func padded(_ text: String, _ count: Int) -> String {
        let shown = String(text.plain.prefix(count))
        return shown + String(repeating: " ", count: count - shown.count)
    }

    private static func right(_ text: String, _ count: Int) -> String {
        String(repeating: " ", count: max(0, count - text.count)) + text
    }

    private static func mebibytes(_ count: Int) -> Int { (count + 1 << 19) >> 20 }

    private static func use(_ used: Int?, _ total: Int?) -> String {
        guard let total else { return right("N/A", 20) }
        return right("\(used.map { "\(mebibytes($0))" } ?? "?")MiB / \(mebibytes(total))MiB", 20)
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }

    /// With so many digits behind the point as a glance can take in.
    static func decimal(_ value: Double) -> String {
        guard value.isFinite, value < 1e15 else { return "?" }
        if value >= 100 || value == 0 { return "\(Int(value.rounded()))" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func scaled(_ value: Double) -> String {
        for (power, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= power {
            return decimal(value / power) + prefix
        }
        return decimal(value)
    }
}

extension String {
    /// As many characters, each one column wide: what a server says must not be a command to the terminal.
    var plain: String { String(map { $0.isASCII && $0 >= " " && $0 != "\u{7f}" ? $0 : "?" }) }
}
