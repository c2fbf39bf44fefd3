import DeviceSimulation
import Foundation
import InferenceEngine
import Kongur

/// What a simulated device did for an answer.
struct Simulation {
    private let device: SimulatedDevice

    /// Nil for a model on a device that is there.
    init?(_ model: LanguageModel) {
        guard let device = model.engine.engines.first?.device as? SimulatedDevice else { return nil }
        self.device = device
    }

    var report: SimulationReport { device.report }

    /// One line for a person.
    var line: String {
        let report = report
        func size(_ count: Int) -> String { String(format: "%.1f MiB", Double(count) / 1_048_576) }
        let time = String(format: "%.3f ms in %d steps", 1000 * report.seconds, report.steps)
        let memory = "\(size(report.usedMemoryByteCount)) of \(size(report.memoryByteCount))"
        let fallbacks = report.fallbacks == 0 ? "none" : String(report.fallbacks)
        return
            "simulated \(report.device): \(time), \(report.launches) kernels launched, \(memory) of memory, fallbacks: \(fallbacks)"
    }

    /// Writes what happened in Chrome's trace format.
    func writeTrace(to path: String) throws {
        guard let trace = device.trace else { return }
        try OutputFile.write(trace.json(device: device.name), to: path, as: .trace)
    }
}
