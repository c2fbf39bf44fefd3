package import DeviceRuntime
import Foundation

/// Sound models and texts, of which inputs are made that may be wrong in any way.
package struct Corpus: Sendable {
    /// Folders of compiled models.
    private let models: [String]
    private let texts: [String]
    /// What most models run on, and what some do.
    private let device: any Device
    private let other: any Device

    package init(models: [String], texts: [String], on device: any Device, and other: any Device) {
        self.models = models
        self.texts = texts
        self.device = device
        self.other = other
    }

    /// Makes input `number` of a seed and tries it, with files in the folder `scratch`.
    ///
    /// Returns what it was made from, and how far it came.
    package func attempt(_ number: Int, seed: UInt64, in scratch: String) async throws -> (
        source: String, outcome: TrialOutcome
    ) {
        var (mutation, source) = try make(number, seed: seed, in: scratch)
        switch source {
        case .text(let text): return ("text", TextTrial.run(text, mutation.one(TextTrial.options), &mutation))
        case .model(let name):
            let isOther = mutation.chance(10)
            let devices = isOther ? [other] : [device, other]
            let trial = ModelTrial(devices, hasEngine: !isOther && mutation.chance(30))
            return (name, await trial.run(folder: scratch, &mutation))
        }
    }

    /// Leaves input `number` in the folder `scratch` and tries nothing; returns what it was made from.
    package func keep(_ number: Int, seed: UInt64, in scratch: String) throws -> String {
        switch try make(number, seed: seed, in: scratch).1 {
        case .model(let name): return name
        case .text(let text):
            try Data(text.utf8).write(to: URL(fileURLWithPath: scratch + "/input.xir"))
            return "text"
        }
    }

    private enum Source {
        case model(String)
        case text(String)
    }

    private func make(_ number: Int, seed: UInt64, in scratch: String) throws -> (Mutation, Source) {
        var mutation = Mutation(seed: seed, number: number)
        if !texts.isEmpty, mutation.chance(models.isEmpty ? 100 : 30) {
            let text = mutation.one(texts)
            let changed = mutation.changed(words: text, texts)
            return (mutation, .text(changed))
        }
        let model = mutation.one(models)
        let program = try Data(contentsOf: URL(fileURLWithPath: model + "/program.json"))
        try mutation.changed(program: program).write(to: URL(fileURLWithPath: scratch + "/program.json"))
        let weights = scratch + "/weights.bin"
        try? FileManager.default.removeItem(atPath: weights)
        if mutation.chance(5) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: model + "/weights.bin"))
            try Data(mutation.changed(bytes: Array(bytes))).write(to: URL(fileURLWithPath: weights))
        } else {
            try FileManager.default.createSymbolicLink(atPath: weights, withDestinationPath: model + "/weights.bin")
        }
        return (mutation, .model(URL(fileURLWithPath: model).lastPathComponent))
    }
}
