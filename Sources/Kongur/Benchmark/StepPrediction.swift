package import DeviceRuntime
package import DeviceSimulation
import Foundation

/// How long steps of a model take on the processor, beside what the timing model says they take.
///
/// The speed of memory is measured before and after each step and their mean given to the model, since it changes from second
/// to second on some machines; everything else about the processor was measured once, on sizes that are no model's.
package struct StepPrediction {
    package struct Row: Sendable, Hashable, Codable {
        package var step: String
        /// Milliseconds at the median of the rounds.
        package var measured: Double
        package var predicted: Double
        /// The median of predicted / measured within a round.
        package var ratio: Double

        private enum CodingKeys: String, CodingKey {
            case step
            case measured = "measured_ms"
            case predicted = "predicted_ms"
            case ratio
        }
    }

    private let benchmark: StepBenchmark
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
            let device = try DeviceCatalog.device(named: "cpu", threads: options.threads)
            blockSize = loaded.compiled.cache.blockSize
            let batches = Self.batches(blockSize: blockSize).map(\.batch)
            benchmark = try StepBenchmark(loaded, on: device, batches: batches)
        } catch {
            throw KongurError(error)
        }
    }

    /// Measures every batch `rounds` times, after one that does not count.
    package func rows(
        _ descriptor: DeviceDescriptor,
        _ processor: ProcessorDescriptor,
        rounds: Int,
        progress: (String) -> Void = { _ in }
    ) throws -> [Row] {
        do {
            return try Self.batches(blockSize: blockSize).map { name, batch in
                progress(name)
                let work = try benchmark.work(batch)
                _ = try benchmark.seconds(batch)
                var (measured, predicted): ([Double], [Double]) = ([], [])
                for _ in 0..<rounds {
                    let before = processor.memoryBandwidth()
                    // Reading a GiB has put the weights out of the caches; a step like this one puts them back.
                    _ = try benchmark.seconds(batch)
                    measured.append(try benchmark.seconds(batch))
                    var now = descriptor
                    now.memoryBandwidth.value = (before + processor.memoryBandwidth()) / 2
                    predicted.append(TimingModel(now).time(of: work).seconds)
                }
                return Row(
                    step: name,
                    measured: 1000 * median(measured),
                    predicted: 1000 * median(predicted),
                    ratio: median(zip(predicted, measured).map { $0 / $1 })
                )
            }
        } catch {
            throw KongurError(error)
        }
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
