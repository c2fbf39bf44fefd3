import CPUBackend
import Foundation
import Kongur

/// What the repetitions of a benchmark gave.
struct BenchmarkRecord {
    private struct Key: Hashable {
        var test: ModelBenchmark.Test
        var form: ModelOptions.Weights
    }

    private var limits: [ProcessorLimits] = []
    private var order: [Key] = []
    private var speeds: [Key: [Double]] = [:]
    private var shares: [Key: [Double]] = [:]

    mutating func add(_ measured: ProcessorLimits) { limits.append(measured) }

    mutating func add(_ test: ModelBenchmark.Test, _ form: ModelOptions.Weights, speed: Double, limit: Double) {
        let key = Key(test: test, form: form)
        if speeds[key] == nil { order.append(key) }
        speeds[key, default: []].append(speed)
        // Each beside the limits of its own repetition, since the machine's speed changes.
        shares[key, default: []].append(speed / limit)
    }

    /// What `--json` prints.
    struct Report: Encodable {
        struct Limits: Encodable {
            var threads: Int
            var readGBs: Double
            var int8GOPs: Double
            var bf16GFLOPs: Double
            var f32GFLOPs: Double

            enum CodingKeys: String, CodingKey {
                case threads
                case readGBs = "read_gb_s"
                case int8GOPs = "int8_gop_s"
                case bf16GFLOPs = "bf16_gflop_s"
                case f32GFLOPs = "f32_gflop_s"
            }
        }

        struct Result: Encodable {
            var test: String
            var batch: Int
            var quantization: String
            var tokensPerSecond: Double
            var min: Double
            var max: Double
            var fractionOfLimit: Double

            enum CodingKeys: String, CodingKey {
                case test, batch, quantization, min, max
                case tokensPerSecond = "tokens_per_s"
                case fractionOfLimit = "fraction_of_limit"
            }
        }

        var limits: Limits
        var results: [Result]
    }

    var report: Report {
        Report(
            limits: Report.Limits(
                threads: limits.first?.threadCount ?? 0,
                readGBs: median(\.read),
                int8GOPs: median(\.int8),
                bf16GFLOPs: median(\.bfloat16),
                f32GFLOPs: median(\.float32)
            ),
            results: order.map { key in
                let speeds = speeds[key] ?? []
                return Report.Result(
                    test: key.test.name,
                    batch: key.test.batch,
                    quantization: key.form.rawValue,
                    tokensPerSecond: Self.median(speeds),
                    min: speeds.min() ?? 0,
                    max: speeds.max() ?? 0,
                    fractionOfLimit: Self.median(shares[key] ?? [])
                )
            }
        )
    }

    var limitsLine: String {
        let limits = report.limits
        let threads = limits.threads == 1 ? "1 thread " : "\(limits.threads) threads"
        return String(
            format: "%@  read %.1f GB/s  int8 %.0f GOP/s  bf16 %.0f GFLOP/s  f32 %.0f GFLOP/s",
            threads,
            limits.readGBs,
            limits.int8GOPs,
            limits.bf16GFLOPs,
            limits.f32GFLOPs
        )
    }

    /// The limits, and a line for each test.
    var table: String {
        var lines = [limitsLine, "", "test   batch  weights  tokens/s      min      max  of limit"]
        for result in report.results {
            let name = result.test.padding(toLength: 6, withPad: " ", startingAt: 0)
            let form = result.quantization.padding(toLength: 7, withPad: " ", startingAt: 0)
            lines.append(
                String(
                    format: "%@ %5d  %@ %9.2f %8.2f %8.2f %8.0f%%",
                    name,
                    result.batch,
                    form,
                    result.tokensPerSecond,
                    result.min,
                    result.max,
                    100 * result.fractionOfLimit
                )
            )
        }
        return lines.joined(separator: "\n")
    }

    private func median(_ value: (ProcessorLimits) -> Double) -> Double { Self.median(limits.map(value)) / 1e9 }

    private static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
