import ArgumentParser
import DeviceRuntime
import Kongur

/// `kongur devices`: what models can run on here.
struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "devices", abstract: "List the devices.")

    @Flag(help: "Print JSON.")
    var json = false

    private struct Record: Encodable {
        var name: String
        var threads: Int
        var detail: String
    }

    func run() async throws {
        let records = try DeviceCatalog.names.map { name in
            // A device that is not installed is listed with what is missing.
            let device = name == "xpu" ? nil : try DeviceCatalog.device(named: name)
            return Record(
                name: name,
                threads: device?.statistics.threadCount ?? 0,
                detail: DeviceCatalog.detail(of: name)
            )
        }
        if json { return try Console.print(json: records) }
        for record in records {
            let threads =
                switch record.threads {
                case 0: "-"
                case 1: "1 thread"
                default: "\(record.threads) threads"
                }
            Console.print("\(record.name)\t\(threads)\t\(record.detail)")
        }
    }
}
