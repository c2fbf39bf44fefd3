import DeviceRuntime
import Foundation
import Testing

@testable import Kongur

/// Devices by name, and what the library tells of them.
struct DeviceTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    @Test func aListNamesDevicesInItsOrder() throws {
        let devices = try DeviceCatalog.devices(named: "cpu,reference,cpu", threads: 4)
        #expect(devices.map(\.name) == ["cpu", "reference", "cpu"])
        #expect(devices.map(\.statistics.threadCount) == [2, 1, 2])
        #expect(try DeviceCatalog.devices(named: "cpu", threads: 3)[0].statistics.threadCount == 3)
        // Fewer threads than processors are one each.
        #expect(try DeviceCatalog.devices(named: "cpu,cpu,cpu", threads: 2).map(\.statistics.threadCount) == [1, 1, 1])
    }

    @Test(arguments: ["", "cpu,", ",cpu", "cpu;cpu", "cpu, cpu", "CPU", String(repeating: "cpu,", count: 64) + "cpu"])
    func rubbishIsRefused(_ list: String) {
        let error = #expect(throws: KongurError.self) { try DeviceCatalog.devices(named: list) }
        #expect(error?.code == .invalidInput)
    }

    @Test func theLibraryTellsOfEveryDevice() async throws {
        let options = ModelOptions(device: "cpu,cpu", threads: 2)
        let model = try await LanguageModel.load(Self.pebble, options: options)
        let before = model.devices
        #expect(before.map(\.name) == ["cpu", "cpu"] && before.allSatisfy { $0.runs == 0 && $0.failure == nil })
        #expect(before[0].weightBytes == before[1].weightBytes && before[0].weightBytes > 0)
        let parameters = GenerationParameters(maxNewTokens: 12, temperature: 0, ignoreEOS: true)
        // All are there before the first is read, so that they are spread.
        let streams = (0..<6).map { _ in model.generate("What is 17 * 23?", parameters) }
        var answers: Set<String> = []
        for stream in streams { answers.insert(try await stream.result().text) }
        let alone = try await LanguageModel.load(Self.pebble, options: ModelOptions(device: "cpu", threads: 2))
        #expect(try await answers == [alone.answer("What is 17 * 23?", parameters).text])

        let after = model.devices
        #expect(after.reduce(0) { $0 + $1.generatedTokens } == 6 * 12)
        for (device, earlier) in zip(after, before) {
            #expect(device.runs > 0 && device.busySeconds > 0 && device.readBytes > 0)
            #expect(device.kernels["paged_attention"].map { $0.launches > 0 && $0.seconds > 0 } == true)
            let utilization = device.utilization(since: earlier)
            #expect(0 < utilization && utilization <= 1)
            #expect(device.bandwidthUtilization(since: earlier) == nil)
            #expect(device.utilization(since: device) == 0)
        }
    }
}
