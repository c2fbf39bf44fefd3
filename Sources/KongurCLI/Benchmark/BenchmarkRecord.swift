import CPUBackend
import Foundation
import Kongur

/// What the repetitions of a benchmark gave.
struct BenchmarkRecord {
    struct Key: Hashable {
        var test: ModelBenchmark.Test
        var form: ModelOptions.Weights
        var cache: ModelOptions.KeyValueCache?
    }

    private var limits: [ProcessorLimits] = []
    private var models: [Report.Model] = []
    private var order: [Key] = []
    private var speeds: [Key: [Double]] = [:]
    private var shares: [Key: [Double]] = [:]
    /// How long reading the keys and values of a step takes.
    private var cacheSeconds: [Key: [Double]] = [:]

    mutating func add(_ model: ModelBenchmark, form: ModelOptions.Weights) {
        let cache = model.cache?.rawValue ?? ""
        models.append(Report.Model(quantization: form.rawValue, cache: cache, footprint: model.footprint))
    }

    mutating func add(_ measured: ProcessorLimits) { limits.append(measured) }

    mutating func add(_ key: Key, speed: Double, limit: Double, cacheSeconds: Double) {
        if speeds[key] == nil { order.append(key) }
        speeds[key, default: []].append(speed)
        // Each beside the limits of its own repetition, since the machine's speed changes.
        shares[key, default: []].append(speed / limit)
        self.cacheSeconds[key, default: []].append(cacheSeconds)
    }

    /// What a longer context costs: the seconds that a step takes more than after the shortest one, and those that reading
    /// the additional keys and values takes; medians over the repetitions.
    private func contextCost(_ key: Key) -> (step: Double, reading: Double)? {
        let alike = order.filter { other in
            (other.form, other.cache, other.test.name, other.test.batch)
                == (key.form, key.cache, key.test.name, key.test.batch)
        }
        guard let shortest = alike.min(by: { $0.test.context < $1.test.context }), shortest != key else { return nil }
        func median(_ value: (Key, Int) -> Double) -> Double {
            Distribution.median((speeds[key] ?? []).indices.map { value(key, $0) - value(shortest, $0) })
        }
        return (
            median { Double($0.test.batch) / (speeds[$0]?[$1] ?? 1) }, median { cacheSeconds[$0]?[$1] ?? 0 }
        )
    }

    /// What `--json` prints.
    struct Report: Encodable {
        struct Limits: Encodable {
            var threads: Int
            /// What the kernels use of the processor: `portable`, `avx2`, `avx512`, `vnni`, `bf16` or `amx`.
            var instructions: String
            var readGBs: Double
            var int8GOPs: Double
            var bf16GFLOPs: Double
            var f32GFLOPs: Double

            enum CodingKeys: String, CodingKey {
                case threads, instructions
                case readGBs = "read_gb_s"
                case int8GOPs = "int8_gop_s"
                case bf16GFLOPs = "bf16_gflop_s"
                case f32GFLOPs = "f32_gflop_s"
            }
        }

        struct Model: Encodable {
            var quantization: String
            var cache: String
            var footprint: ModelFootprint

            enum CodingKeys: String, CodingKey {
                case quantization, footprint
                case cache = "kv_cache"
            }
        }

        struct Result: Encodable {
            var test: String
            var batch: Int
            var quantization: String
            var cache: String
            var context: Int
            var tokensPerSecond: Double
            var min: Double
            var max: Double
            var fractionOfLimit: Double
            var contextMilliseconds: Double?
            var contextReadMilliseconds: Double?

            enum CodingKeys: String, CodingKey {
                case test, batch, quantization, context, min, max
                case cache = "kv_cache"
                case contextMilliseconds = "context_ms"
                case contextReadMilliseconds = "context_read_ms"
                case tokensPerSecond = "tokens_per_s"
                case fractionOfLimit = "fraction_of_limit"
            }
        }

        var limits: Limits
        var models: [Model]
        var results: [Result]
    }

    var report: Report {
        Report(
            limits: Report.Limits(
                threads: limits.first?.threadCount ?? 0,
                instructions: CPUDevice.instructionSet,
                readGBs: median(\.read),
                int8GOPs: median(\.int8),
                bf16GFLOPs: median(\.bfloat16),
                f32GFLOPs: median(\.float32)
            ),
            models: models,
            results: order.map { key in
                let speeds = speeds[key] ?? []
                let cost = contextCost(key)
                return Report.Result(
                    test: key.test.name,
                    batch: key.test.batch,
                    quantization: key.form.rawValue,
                    cache: key.cache?.rawValue ?? "",
                    context: key.test.context,
                    tokensPerSecond: Distribution.median(speeds),
                    min: speeds.min() ?? 0,
                    max: speeds.max() ?? 0,
                    fractionOfLimit: Distribution.median(shares[key] ?? []),
                    contextMilliseconds: cost.map { 1000 * $0.step },
                    contextReadMilliseconds: cost.map { 1000 * $0.reading }
                )
            }
        )
    }

    var limitsLine: String {
        let limits = report.limits
        let threads = limits.threads == 1 ? "1 thread " : "\(limits.threads) threads"
        return String(
            format: "%@  read %.1f GB/s  int8 %.0f GOP/s  bf16 %.0f GFLOP/s  f32 %.0f GFLOP/s  (%@ kernels)",
            threads,
            limits.readGBs,
            limits.int8GOPs,
            limits.bf16GFLOPs,
            limits.f32GFLOPs,
            limits.instructions
        )
    }

    /// The limits, and a line for each test.
    var table: String {
        var lines = [
            limitsLine, "",
            "test   batch  weights  cache  context   tokens/s      min      max  of limit  context ms  reading ms",
        ]
        for result in report.results {
            let name = result.test.padding(toLength: 6, withPad: " ", startingAt: 0)
            let form = result.quantization.padding(toLength: 7, withPad: " ", startingAt: 0)
            let cache = result.cache.padding(toLength: 5, withPad: " ", startingAt: 0)
            let cost = [result.contextMilliseconds, result.contextReadMilliseconds]
                .map { $0.map { String(format: "%12.2f", $0) } ?? "           -" }.joined()
            lines.append(
                String(
                    format: "%@ %5d  %@  %@  %7d  %9.2f %8.2f %8.2f %8.0f%%%@",
                    name,
                    result.batch,
                    form,
                    cache,
                    result.context,
                    result.tokensPerSecond,
                    result.min,
                    result.max,
                    100 * result.fractionOfLimit,
                    cost
                )
            )
        }
        lines.append("")
        lines += models.map { model in
            let footprint = model.footprint
            let name = model.cache.isEmpty ? model.quantization : "\(model.quantization), \(model.cache) cache"
            let weights = ByteText.of(footprint.weightByteCount)
            let work = ByteText.of(footprint.workByteCount)
            let token = ByteText.of(footprint.cacheByteCountPerToken)
            let memory = "\(weights) of weights, \(work) of work, \(token) of cache a token"
            return "\(name): products \(footprint.productsLine); \(memory)"
        }
        return lines.joined(separator: "\n")
    }

    private func median(_ value: (ProcessorLimits) -> Double) -> Double { Distribution.median(limits.map(value)) / 1e9 }
}
