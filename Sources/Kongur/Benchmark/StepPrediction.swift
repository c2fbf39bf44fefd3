package import DeviceRuntime
package import DeviceSimulation
import Foundation

/// How long steps of a model take on the processor, beside what the timing model says they take.
///
/// The speed of memory and the pace of small kernels are measured before and after each step and their means given to the
/// model, since they change from second to second on some machines; everything else about the processor was measured before,
/// on sizes that are no model's.
package struct StepPrediction {
    package struct Row: Sendable, Hashable, Codable {
        package var step: String
        /// Milliseconds at the median of the rounds.
        package var measured: Double
        package var predicted: Double
        /// The median of predicted / measured within a round.
        package var ratio: Double
        /// By the operation of XIR, those that took longest first.
        package var kernels: [Kernel]

        private enum CodingKeys: String, CodingKey {
            case step
            case measured = "measured_ms"
            case predicted = "predicted_ms"
            case ratio
            case kernels
        }
    }

    /// Milliseconds of all kernels of one operation in a step, at the median of the rounds.
    package struct Kernel: Sendable, Hashable, Codable {
        package var operation: String
        package var measured: Double
        package var predicted: Double

        private enum CodingKeys: String, CodingKey {
            case operation
            case measured = "measured_ms"
            case predicted = "predicted_ms"
        }
    }

    private let benchmark: StepBenchmark
    private let device: any Device
    private let blockSize: Int

    /// Prompts of 64 and 512 tokens, and answers 1, 4 and 16 at once after 128 and 4096 tokens.
    package static func batches(blockSize: Int) -> [(name: String, batch: BatchShape)] {
        let prompts = [64, 512].map { ("pp\($0)", BatchShape.prefill($0, blockSize: blockSize)) }
        let answers = [1, 4, 16].flatMap { batch in
            [128, 4096].map { context in
                (
                    "tg batch \(batch) after \(context)",
                    BatchShape.decode(batch: batch, context: context, blockSize: blockSize)
                )
            }
        }
        return prompts + answers
    }

    package init(_ name: String?, options: ModelOptions) throws {
        do {
            let loaded = try ModelLoader(options: options).load(name)
            device = try DeviceCatalog.device(named: "cpu", threads: options.threads)
            blockSize = loaded.compiled.cache.blockSize
            let batches = Self.batches(blockSize: blockSize).map(\.batch)
            benchmark = try StepBenchmark(loaded, on: device, batches: batches)
        } catch {
            throw KongurError(error)
        }
    }

    /// Measures every batch `rounds` times, after one that does not count.
    package func rows(
        _ known: (descriptor: DeviceDescriptor, pace: Double),
        _ processor: ProcessorDescriptor,
        rounds: Int,
        progress: (String) -> Void = { _ in }
    ) throws -> [Row] {
        do {
            return try Self.batches(blockSize: blockSize).map { name, batch in
                progress(name)
                let work = try benchmark.work(batch)
                _ = try benchmark.seconds(batch)
                let rounds = try (0..<rounds).map { _ in try round(batch, work, known, processor) }
                return Row(
                    step: name,
                    measured: 1000 * median(rounds.map(\.measured)),
                    predicted: 1000 * median(rounds.map(\.predicted)),
                    ratio: median(rounds.map { $0.predicted / $0.measured }),
                    kernels: kernels(rounds)
                )
            }
        } catch {
            throw KongurError(error)
        }
    }

    /// Seconds of one step, and of its kernels by operation.
    private struct Round {
        var measured: Double
        var predicted: Double
        var measuredKernels: [String: Double]
        var predictedKernels: [String: Double]
    }

    private func round(
        _ batch: BatchShape,
        _ work: StepWork,
        _ known: (descriptor: DeviceDescriptor, pace: Double),
        _ processor: ProcessorDescriptor
    ) throws -> Round {
        let (bandwidth, pace) = (processor.memoryBandwidth(), try processor.pace())
        // Reading a GiB has put the weights out of the caches; a step like this one puts them back.
        _ = try benchmark.seconds(batch)
        let before = device.statistics
        let measured = try benchmark.seconds(batch)
        let activity = DeviceActivity(from: before, to: device.statistics, seconds: measured)
        var now = known.descriptor
        now.memoryBandwidth.value = (bandwidth + processor.memoryBandwidth()) / 2
        let slower = (pace + (try processor.pace())) / 2 / known.pace
        for arithmetic in now.peaks.keys { now.peaks[arithmetic]?.value /= slower }
        var kernels: [String: Double] = [:]
        let predicted = TimingModel(now).time(of: work) { kernel, time, _ in
            kernels[kernel.name, default: 0] += time.seconds
        }.seconds
        return Round(
            measured: measured,
            predicted: predicted,
            measuredKernels: activity.kernels.reduce(into: [:]) { $0[$1.operation] = $1.seconds },
            predictedKernels: kernels
        )
    }

    private func kernels(_ rounds: [Round]) -> [Kernel] {
        Set(rounds.flatMap(\.measuredKernels.keys)).map { operation in
            Kernel(
                operation: operation,
                measured: 1000 * median(rounds.map { $0.measuredKernels[operation] ?? 0 }),
                predicted: 1000 * median(rounds.map { $0.predictedKernels[operation] ?? 0 })
            )
        }.sorted { ($1.measured, $0.operation) < ($0.measured, $1.operation) }
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
