import DeviceRuntime
import DeviceSimulation
import Foundation
import InferenceEngine
import Testing

@testable import Kongur

/// The bundled model on devices that are described.
@Suite(.serialized) struct SimulatedDeviceTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    private func answer(_ device: String, tokens: Int = 24, isTraced: Bool = false) async throws
        -> (ids: [Int], device: SimulatedDevice?, report: SimulationReport?)
    {
        var options = ModelOptions(device: device)
        options.recordsTrace = isTraced
        let model = try await LanguageModel.load(Self.pebble, options: options)
        let parameters = GenerationParameters(maxNewTokens: tokens, temperature: 0)
        let result = try await model.answer("What is 17 * 23?", parameters)
        let device = model.engine.engines.first?.device as? SimulatedDevice
        // While the model holds its memory.
        return withExtendedLifetime(model) { (result.tokenIDs, device, device?.report) }
    }

    /// A descriptor of k20 with changes, in a file that `body` is given the path of.
    private func withDescriptor<T>(
        _ change: (inout DeviceDescriptor) -> Void,
        _ body: (String) async throws -> T
    ) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var descriptor = try #require(try DescriptorCatalog.bundled().first)
        change(&descriptor)
        let path = folder.appendingPathComponent("mine.json")
        try descriptor.json.write(to: path)
        return try await body(path.path)
    }

    @Test func valuesAreThoseOfTheTargetAndTimeIsTheDescriptors() async throws {
        let (ids, _, report) = try await answer("k20")
        let (again, _, other) = try await answer("k20")
        let (first, second) = (try #require(report), try #require(other))
        let exact = try await answer("cpu").ids
        #expect(ids == again)
        // Rounded to 16 bits, most tokens stay as they are; for the processor's own program all do.
        #expect(zip(ids, exact).count { $0 == $1 } >= 12)
        let own = try await withDescriptor {
            $0.target = .cpu
        } _: {
            try await answer($0).ids
        }
        #expect(own == exact)
        #expect(first.seconds > 0 && first.steps >= 24 && first.launches > first.steps && first.fallbacks == 0)
        #expect(first.memoryByteCount == 32 << 30)
        #expect(first.usedMemoryByteCount > 0 && first.usedMemoryByteCount < first.memoryByteCount)
        // The same steps are the same report, byte for byte.
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try encoder.encode(first) == encoder.encode(second))
        // A slower card takes longer for the same.
        let slow = try await withDescriptor {
            $0.memoryBandwidth.value /= 100
        } _: { path in
            try #require(try await answer(path).report)
        }
        #expect(slow.seconds > first.seconds && slow.launches == first.launches)
    }

    @Test(arguments: ["device-fault", "hang", "ecc", "dma-timeout", "out-of-memory"])
    func faultsEndInAnError(_ fault: String) async throws {
        let error = await #expect(throws: KongurError.self) { try await answer("k20+\(fault)@5") }
        #expect(error?.code == .deviceFailed)
        #expect(error?.message.contains("'k20'") == true && error?.message.contains("run 5") == true, "\(error!)")
    }

    @Test func whatDoesNotFitIsRefusedWithWhatItTakes() async throws {
        let error = try await withDescriptor {
            $0.name = "small"
            $0.memory.value = 1_048_576
        } _: { path in
            await #expect(throws: KongurError.self) { try await answer(path) }
        }
        #expect(error?.message.contains("'small' has 1048576 bytes of memory") == true, "\(error!)")
        #expect(error?.message.contains("weights") == true && error?.message.contains("states") == true, "\(error!)")
    }

    @Test func aDescriptorOfOnesOwnIsADevice() async throws {
        let theirs = try #require(try await answer("k20", tokens: 4).device).report
        let mine = try await withDescriptor {
            $0.name = "mine"
            $0.launch.value *= 2
        } _: { path in
            try #require(try await answer(path, tokens: 4).device).report
        }
        #expect(mine.device == "mine")
        // Each kernel begins later by what a launch takes more: 5 microseconds of the bundled descriptor.
        let later = mine.seconds - theirs.seconds
        #expect(abs(later / (Double(mine.launches) * 5e-6) - 1) < 1e-6)
    }

    @Test(arguments: ["k2000", "k20+fire@1", "k20+hang", "/nowhere/k20.json", "xx+hang@1", "", "+"])
    func unknownDevicesAreRefused(_ name: String) async {
        let error = await #expect(throws: KongurError.self) { try await answer(name) }
        #expect(error?.code == .invalidInput, "\(error!)")
    }

    @Test func tracesAreKeptWhereAskedFor() async throws {
        let device = try #require(try await answer("k20", tokens: 3, isTraced: true).device)
        let (trace, report) = (try #require(device.trace), device.report)
        let end = trace.events.map { $0.start + $0.duration }.max() ?? 0
        #expect(abs(end - report.seconds) < 1e-9)
        #expect(trace.events.count { $0.row == .step } == report.steps)
        #expect(trace.events.count { $0.row == .kernel } == report.launches)
        let other = try #require(try await answer("k20", tokens: 3).device)
        #expect(other.trace == nil)
    }
}
