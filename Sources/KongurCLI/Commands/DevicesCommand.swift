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
            let device = try DeviceCatalog.device(named: name)
            return Record(
                name: name,
                threads: device.statistics.threadCount,
                detail: DeviceCatalog.detail(of: name)
            )
        }
        if json { return try Console.print(json: records) }
        for record in records {
            let threads = record.threads == 1 ? "1 thread" : "\(record.threads) threads"
            Console.print("\(record.name)\t\(threads)\t\(record.detail)")
        }
    }
}
