import ArgumentParser
import DeviceRuntime
import Kongur

/// `kongur devices`: what models can run on here, and what can be simulated.
struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "devices", abstract: "List the devices.")

    @Flag(help: "Print JSON.")
    var json = false

    private struct Record: Encodable {
        var name: String
        /// Nil on a device that is simulated or not installed.
        var threads: Int?
        var detail: String
    }

    func run() async throws {
        var records = try DeviceCatalog.names.map { name in
            // A device that is not installed is listed with what is missing.
            let device = name == "xpu" ? nil : try DeviceCatalog.device(named: name)
            return Record(
                name: name,
                threads: device?.statistics.threadCount,
                detail: DeviceCatalog.detail(of: name)
            )
        }
        records += try DeviceCatalog.descriptors().map { descriptor in
            Record(name: descriptor.name, threads: nil, detail: DeviceCatalog.detail(of: descriptor))
        }
        if json { return try Console.print(json: records) }
        for record in records {
            let threads = record.threads.map { $0 == 1 ? "1 thread" : "\($0) threads" } ?? "-"
            Console.print("\(record.name)\t\(threads)\t\(record.detail)")
        }
    }
}
