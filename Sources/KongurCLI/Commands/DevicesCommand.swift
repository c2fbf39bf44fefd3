import ArgumentParser
import DeviceRuntime
import InferenceEngine
import Kongur
import OpenAIServer

/// `kongur devices`: what models can run on here, what can be simulated, or what a server runs its model on.
struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "List the devices of this machine or of a server.",
        discussion: "kongur top shows what they are doing."
    )

    @OptionGroup var server: DeviceServerArguments

    @Flag(help: "Print JSON.")
    var json = false

    private struct Record: Encodable {
        var name: String
        /// Nil on a device that is simulated or not installed.
        var threads: Int?
        var detail: String
        var statistics: DeviceStatistics?

        init(_ name: String, _ statistics: DeviceStatistics?) {
            self.name = name
            self.statistics = statistics
            threads = statistics?.threadCount
            detail = DeviceCatalog.detail(of: name)
        }

        init(_ descriptor: DeviceDescriptor) {
            name = descriptor.name
            detail = DeviceCatalog.detail(of: descriptor)
        }
    }

    func run() async throws {
        guard server.server == nil else { return try await server.withSource(show) }
        var records: [Record]
        if let list = server.device {
            records = try DeviceCatalog.devices(named: list).map { Record($0.name, $0.statistics) }
        } else {
            // One that is not installed is listed with what is missing.
            records = DeviceCatalog.names.map { Record($0, try? DeviceCatalog.device(named: $0).statistics) }
            records += try DeviceCatalog.descriptors().map(Record.init)
        }
        if json { return try Console.print(json: records) }
        Self.table(records.map { ($0.name, $0.statistics, $0.detail) })
    }

    /// Prints what a server says.
    private func show(_ source: DeviceSource) async throws {
        let list = try await source.list()
        if json { return try Console.print(json: list.data) }
        Self.table(
            list.data.map { device in
                let state = device.failure.map { "lost: \($0)" } ?? "ok"
                let engine = device.engine.map { ", \($0.running) running, \($0.waiting) waiting" } ?? ""
                return ("\(device.index) \(device.name)", device.statistics, state + engine)
            }
        )
    }

    private static func table(_ rows: [(name: String, statistics: DeviceStatistics?, detail: String)]) {
        var lines = [["NAME", "THREADS", "MEMORY", "HELD", "TEMP", "POWER", ""]]
        for (name, statistics, detail) in rows {
            guard let statistics else {
                lines.append([name, "-", "-", "-", "-", "-", detail])
                continue
            }
            let used = statistics.usedMemoryByteCount.map(mebibytes) ?? "?"
            lines.append([
                name, "\(statistics.threadCount)",
                statistics.memoryByteCount.map { "\(used) of \(mebibytes($0)) MiB" } ?? "-",
                "\(mebibytes(statistics.heldByteCount)) MiB",
                statistics.temperature.map { "\(Int($0.rounded())) C" } ?? "-",
                statistics.power.map { "\(Int($0.rounded())) W" } ?? "-", detail,
            ])
        }
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            let cells = zip(line, widths).dropLast().map { $0.plain + String(repeating: " ", count: $1 - $0.count) }
            Console.print(cells.joined(separator: "  ") + "  " + (line.last ?? "").plain)
        }
    }

    private static func mebibytes(_ count: Int) -> String { "\((count + 1 << 19) >> 20)" }
}
