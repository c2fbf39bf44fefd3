package import DeviceRuntime
import InferenceEngine
import Tensors

/// How far an input came.
package enum TrialOutcome: String, Sendable, CaseIterable {
    /// The file was refused.
    case notRead = "not read"
    /// The device did not take it.
    case notLoaded = "not loaded"
    /// A run was refused.
    case notRun = "not run"
    case ran
}

/// Reads, loads and runs a compiled model that may be wrong in any way: none of it may end the program.
package struct ModelTrial: Sendable {
    /// The first that has kernels for a program runs it.
    private let devices: [any Device]
    /// Whether an engine answers with it, too.
    private let hasEngine: Bool
    private static let cacheBlocks = 4
    /// Larger states are not made for a trial.
    private static let largestStates = 256 << 20

    package init(_ devices: [any Device], hasEngine: Bool) {
        self.devices = devices
        self.hasEngine = hasEngine
    }

    package func run(folder: String, _ mutation: inout Mutation) async -> TrialOutcome {
        guard var model = try? CompiledModelFile.read(from: folder) else { return .notRead }
        // In memory of its own, where a sanitizer sees what reads beyond a constant.
        for index in model.program.constants.indices {
            var copy = MutableTensor(model.program.constants[index].tensor.type)
            copy.withMutableBytes { target in
                model.program.constants[index].tensor.withBytes { target.copyMemory(from: $0) }
            }
            model.program.constants[index].tensor = copy.freeze()
        }
        let layout = model.cache
        guard layout.blockByteCount * Self.cacheBlocks <= Self.largestStates, let (device, executable) = load(model)
        else { return .notLoaded }
        let tokens = prompt(model, &mutation)
        let first = max(1, tokens.count - 3)
        do {
            let sequence = SingleSequence(tokens, blockSize: layout.blockSize)
            try look(executable.run(sequence.inputs(0..<first)))
            for next in first..<tokens.count { try look(executable.run(sequence.inputs(next..<next + 1))) }
            // Numbers that no scheduler gives are the device's to refuse.
            if mutation.chance(30) {
                var inputs = sequence.inputs(0..<first)
                let changed = mutation.below(inputs.count)
                let count = inputs[changed].elementCount
                let values = (0..<count).map { _ in Int32(truncatingIfNeeded: mutation.number(near: 3)) }
                inputs[changed] = Tensor(values, inputs[changed].shape)
                if let outputs = try? executable.run(inputs) { look(outputs) }
            }
        } catch {
            return .notRun
        }
        return hasEngine ? await answers(model, tokens, device) : .ran
    }

    private func load(_ model: CompiledModel) -> (any Device, any Executable)? {
        for device in devices {
            do throws(DeviceError) {
                return (device, try device.load(model.program, symbols: [StepProgram.cacheBlocks: Self.cacheBlocks]))
            } catch {
                guard error.code == .unsupported else { return nil }
            }
        }
        return nil
    }

    /// Some tokens of the vocabulary, as many as fit everywhere.
    private func prompt(_ model: CompiledModel, _ mutation: inout Mutation) -> [Int] {
        let limits = model.program.limits
        let room =
            [
                9, model.contextLength, limits[StepProgram.tokens] ?? 9, limits[StepProgram.outputs] ?? 9,
                Self.cacheBlocks * model.cache.blockSize, (limits[StepProgram.table] ?? 1) * model.cache.blockSize,
            ].min() ?? 1
        return (0..<max(1, room)).map { _ in mutation.below(model.vocabularySize) }
    }

    /// Reads every byte of outputs, which must be there.
    private func look(_ outputs: [Tensor]) {
        for output in outputs { Self.sum.add(output.withBytes { $0.reduce(0) { $0 &+ UInt64($1) } }) }
    }

    /// Where sums go, so that reading is not left out.
    private final class Sum: @unchecked Sendable {
        private var value: UInt64 = 0
        @inline(never) func add(_ other: UInt64) { value &+= other }
    }

    private static let sum = Sum()

    private func answers(_ model: CompiledModel, _ tokens: [Int], _ device: any Device) async -> TrialOutcome {
        let configuration = EngineConfiguration(cacheBlocks: Self.cacheBlocks)
        guard let engine = try? Engine(model: model, device: device, configuration: configuration) else {
            return .notLoaded
        }
        var outcome = TrialOutcome.notRun
        let request = GenerationRequest(promptTokenIDs: tokens, maxNewTokens: 4)
        for await event in engine.submit(request) {
            if case .finished = event { outcome = .ran }
        }
        await engine.shutdown()
        return outcome
    }
}
