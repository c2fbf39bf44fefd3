package import DeviceRuntime
package import DeviceSimulation
import Tensors
import XIR

/// Times single steps of a model on a device, of any batch: without an engine, and with keys and values that mean nothing,
/// whose speed is the same.
package final class StepBenchmark {
    private let executable: any Executable
    private let blockSize: Int
    private let vocabularySize: Int
    private let cacheBlocks: Int
    private let work: ProgramWork

    /// Loads a model with a cache that holds the largest of the batches.
    package init(_ loaded: LoadedModel, on device: any Device, batches: [BatchShape]) throws {
        let blockSize = loaded.compiled.cache.blockSize
        cacheBlocks = batches.map { $0.sequences.count * $0.table }.max() ?? 1
        let symbols = [StepProgram.cacheBlocks: cacheBlocks]
        executable = try device.load(loaded.compiled.program, symbols: symbols)
        work = ProgramWork(loaded.compiled.program, symbols: symbols)
        vocabularySize = loaded.compiled.vocabularySize
        self.blockSize = blockSize
        try touchCaches()
    }

    /// Writes into every page of the caches: those that never were written are all the same one, which a processor's cache
    /// holds, so that reading them would cost next to nothing.
    ///
    /// Cost: a prompt of as many tokens as there are blocks, or a few times as many for wide rows.
    private func touchCaches() throws {
        let program = executable.program
        let page = 4096
        let rowBytes = program.states.compactMap { CacheRow(of: $0.type)?.byteCount }.max() ?? 0
        let perBlock = min(blockSize, max(1, (blockSize * rowBytes + page - 1) / page))
        let slots = (0..<cacheBlocks * perBlock).map {
            $0 / perBlock * blockSize + $0 % perBlock * blockSize / perBlock
        }
        let most = min(cacheBlocks * blockSize, program.limits[StepProgram.tokens] ?? 64)
        var rest = slots[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(most)
            rest = rest.dropFirst(most)
            let table = (chunk.count + blockSize - 1) / blockSize
            let batch = BatchShape(
                [BatchShape.Entry(rows: chunk.count, context: chunk.count)],
                outputs: 1,
                table: table
            )
            var inputs = inputs(batch)
            inputs[2] = Tensor(chunk.map { Int32($0) }, [chunk.count])
            _ = try executable.run(inputs)
        }
    }

    /// What a step moves and computes.
    package func work(_ batch: BatchShape) throws -> StepWork { try work.step(batch) }

    /// Seconds of one step.
    package func seconds(_ batch: BatchShape) throws -> Double {
        let inputs = inputs(batch)
        let start = ContinuousClock.now
        _ = try executable.run(inputs)
        return (ContinuousClock.now - start) / .seconds(1)
    }

    private func inputs(_ batch: BatchShape) -> [Tensor] {
        var (positions, slots, starts, outputs): ([Int32], [Int32], [Int32], [Int32]) = ([], [], [0], [])
        for (index, sequence) in batch.sequences.enumerated() {
            for position in sequence.context - sequence.rows..<sequence.context {
                positions.append(Int32(position))
                slots.append(Int32(index * batch.table * blockSize + position))
            }
            starts.append(Int32(positions.count))
            if outputs.count < batch.outputs { outputs.append(Int32(positions.count - 1)) }
        }
        func vector(_ values: [Int32]) -> Tensor { Tensor(values, [values.count]) }
        let tokens = positions.map { _ in Int32.random(in: 0..<Int32(vocabularySize)) }
        let blocks = (0..<batch.sequences.count * batch.table).map { Int32($0) }
        return [
            vector(tokens), vector(positions), vector(slots), vector(starts),
            vector(batch.sequences.map { Int32($0.context) }),
            Tensor(blocks, [batch.sequences.count, batch.table]), vector(outputs),
        ]
    }
}
