package import DeviceRuntime
import Foundation
import Synchronization
import Tensors
import XIR

/// A device whose logits are a function of the tokens that it finds in its cache.
///
/// It stores token ids by slot and reads a sequence back through its block table, so wrong slots, tables, positions or
/// lengths give wrong tokens instead of passing unnoticed. It refuses inputs that break the step program's contract.
package final class ScriptedDevice: Device {
    /// The logits after these tokens.
    package typealias Script = @Sendable ([Int]) -> [Float]

    package let name = "scripted"
    package let recorder = ScriptedRecorder()
    private let script: Script

    package init(_ script: @escaping Script) {
        self.script = script
    }

    package func load(_ program: Program, symbols: [String: Int]) throws(DeviceError) -> any Executable {
        guard let blocks = symbols[StepProgram.cacheBlocks],
            let blockSize = program.states.first?.type.extents[2].fixed
        else { throw DeviceError(.unsupported, "the program has no key cache to take the block size from") }
        return ScriptedExecutable(
            program: program,
            blockSize: blockSize,
            blockCount: blocks,
            script: script,
            recorder: recorder
        )
    }

    package var statistics: DeviceStatistics { DeviceStatistics() }
}

/// Watches and steers a scripted device while it runs.
package final class ScriptedRecorder: Sendable {
    /// One run as the device saw it.
    package struct Step: Sendable, Hashable {
        package var tokenCount: Int
        package var sequenceCount: Int
        package var outputCount: Int
    }

    private struct State {
        var steps: [Step] = []
        var failure: (step: Int, error: DeviceError)?
        var beforeRun: (@Sendable (Int) -> Void)?
    }

    private let state = Mutex(State())

    package var steps: [Step] { state.withLock { $0.steps } }

    /// Makes run number `step` (from 0) and all later ones fail.
    package func fail(atStep step: Int, _ error: DeviceError) {
        state.withLock { $0.failure = (step, error) }
    }

    /// Calls `body` with the number of each run before it begins, on the engine's thread.
    package func beforeEachRun(_ body: @escaping @Sendable (Int) -> Void) {
        state.withLock { $0.beforeRun = body }
    }

    /// Holds run number `step` and all later ones until the returned closure is called.
    ///
    /// For tests of what happens while the engine is busy, which then do not depend on who is faster.
    package func hold(fromStep step: Int) -> @Sendable () -> Void {
        let isOpen = Gate()
        beforeEachRun { number in
            while number >= step, !isOpen.value.withLock({ $0 }) { usleep(200) }
        }
        return { isOpen.value.withLock { $0 = true } }
    }

    private final class Gate: Sendable {
        let value = Mutex(false)
    }

    fileprivate func begin(_ step: Step) throws(DeviceError) {
        let (number, body, failure) = state.withLock { ($0.steps.count, $0.beforeRun, $0.failure) }
        body?(number)
        if let failure, number >= failure.step { throw failure.error }
        state.withLock { $0.steps.append(step) }
    }
}

/// `@unchecked Sendable`: like every executable it is used by one thread at a time, the engine's.
private final class ScriptedExecutable: Executable, @unchecked Sendable {
    let program: Program
    private let blockSize: Int
    private let script: ScriptedDevice.Script
    private let recorder: ScriptedRecorder
    /// The token in each slot and its position; nil has never been written.
    private var cache: [(token: Int, position: Int)?]

    init(
        program: Program,
        blockSize: Int,
        blockCount: Int,
        script: @escaping ScriptedDevice.Script,
        recorder: ScriptedRecorder
    ) {
        self.program = program
        self.blockSize = blockSize
        self.script = script
        self.recorder = recorder
        cache = Array(repeating: nil, count: blockCount * blockSize)
    }

    func run(_ inputs: [Tensor]) throws(DeviceError) -> [Tensor] {
        _ = try program.bind(inputs)
        let values = inputs.map { $0.integers ?? [] }
        let (tokens, positions, slots, starts) = (values[0], values[1], values[2], values[3])
        let (lengths, tables, outputs) = (values[4], values[5], values[6])
        try recorder.begin(
            ScriptedRecorder.Step(
                tokenCount: tokens.count,
                sequenceCount: lengths.count,
                outputCount: outputs.count
            )
        )
        try require(Set(slots).count == slots.count, "two rows write to one slot")
        for row in tokens.indices {
            try require(cache.indices.contains(slots[row]), "slot \(slots[row]) is outside the cache")
            cache[slots[row]] = (tokens[row], positions[row])
        }
        try require(starts.first == 0 && starts.last == tokens.count, "sequence_starts does not cover the rows")

        let width = inputs[5].shape[1]
        var logits: [Float] = []
        for row in outputs {
            guard let sequence = lengths.indices.first(where: { starts[$0] <= row && row < starts[$0 + 1] }) else {
                throw DeviceError(.invalidInput, "output row \(row) belongs to no sequence")
            }
            try require(
                positions[starts[sequence + 1] - 1] == lengths[sequence] - 1,
                "the last position and the context length disagree"
            )
            var history: [Int] = []
            for position in 0...positions[row] {
                let slot = tables[sequence * width + position / blockSize] * blockSize + position % blockSize
                guard let entry = cache[slot], entry.position == position else {
                    throw DeviceError(.invalidInput, "position \(position) is not in slot \(slot)")
                }
                history.append(entry.token)
            }
            logits += script(history)
        }
        return [Tensor(logits, [outputs.count, outputs.isEmpty ? vocabularySize : logits.count / outputs.count])]
    }

    private var vocabularySize: Int {
        program.values[program.outputs[0]].type.extents[1].fixed ?? 0
    }

    private func require(_ holds: Bool, _ message: String) throws(DeviceError) {
        if !holds { throw DeviceError(.invalidInput, message) }
    }
}

extension ScriptedDevice {
    /// A device whose next token depends on all tokens before it, in a way that looks random but is not.
    package convenience init(vocabularySize: Int) {
        self.init { RandomLogits.row(after: $0, vocabularySize) }
    }

    /// A device that prefers to say what it said `period` tokens ago, and at every `lapse`-th place something else.
    package convenience init(vocabularySize: Int, period: Int, lapse: Int) {
        self.init { history in
            let noise = RandomLogits.row(after: history.suffix(1) + [history.count], vocabularySize)
            guard history.count >= period, history.count % lapse != 0 else { return noise }
            var logits = noise
            logits[history[history.count - period]] += 9
            return logits
        }
    }

    /// A device that answers every prompt with these tokens, and then with the last of them again and again.
    ///
    /// The prompt's end is wherever `promptCount` says.
    package convenience init(vocabularySize: Int, promptCount: Int, answer: [Int]) {
        self.init { history in
            var logits = [Float](repeating: 0, count: vocabularySize)
            logits[answer[min(history.count - promptCount, answer.count - 1)]] = 100
            return logits
        }
    }
}

private enum RandomLogits {
    /// Logits from 0 to 8 that depend on all of `history`.
    static func row(after history: [Int], _ vocabularySize: Int) -> [Float] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for token in history { hash = (hash ^ UInt64(truncatingIfNeeded: token)) &* 0x0000_0100_0000_01B3 }
        return (0..<vocabularySize).map { id in
            var z = hash &+ UInt64(id) &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 32)) &* 0xD6E8_FEB8_6659_FD93
            return Float((z >> 40) % 1024) / 128
        }
    }
}

extension CompiledModel {
    /// A step program without steps or weights, for devices that do not look at them.
    package static func scripted(
        vocabularySize: Int,
        contextLength: Int = 256,
        blockSize: Int = 4,
        stopTokenIDs: Set<Int> = [],
        limits: [String: Int] = [StepProgram.tokens: 16, StepProgram.sequences: 8]
    ) -> CompiledModel {
        let sequences = Extent(symbol: StepProgram.sequences)
        let tokens = ValueType(.int32, [Extent(symbol: StepProgram.tokens)])
        let types = [
            tokens, tokens, tokens,
            ValueType(.int32, [sequences + 1]),
            ValueType(.int32, [sequences]),
            ValueType(.int32, [sequences, Extent(symbol: StepProgram.table)]),
            ValueType(.int32, [Extent(symbol: StepProgram.outputs)]),
        ]
        var values = types.enumerated().map { ProgramValue($0.element, .input($0.offset)) }
        values.append(
            ProgramValue(
                ValueType(.float32, [Extent(symbol: StepProgram.outputs), Extent(vocabularySize)]),
                .arena(offset: 0)
            )
        )
        let cache = ValueType(.float32, [Extent(symbol: StepProgram.cacheBlocks), 1, Extent(blockSize), 1])
        return CompiledModel(
            program: Program(
                name: StepProgram.name,
                values: values,
                inputs: Array(types.indices),
                outputs: [types.count],
                inputNames: StepProgram.inputs,
                outputNames: [StepProgram.logits],
                states: [
                    ProgramState(StepProgram.keyCache(0), cache), ProgramState(StepProgram.valueCache(0), cache),
                ],
                limits: limits
            ),
            cache: KVCacheLayout(layers: 1, kvHeads: 1, headDim: 1, blockSize: blockSize, elementType: .float32),
            vocabularySize: vocabularySize,
            contextLength: contextLength,
            stopTokenIDs: stopTokenIDs
        )
    }
}
