import CPUBackend
package import DeviceRuntime
import DeviceSimulation
import Foundation
import Tensors
import XIR

/// Describes the processor at hand for the timing model, by measuring.
///
/// Nothing of it knows a model: products and attention are timed on sizes of their own, and what a step of a model takes is
/// then a prediction.
package struct ProcessorDescriptor {
    package static let name = "cpu-this-machine"

    private let limits: LimitsProbe
    private let kernels: KernelProbe
    private let threads: Int
    private static let source = "kongur bench --limits"
    private static let rows = [1, 2, 4, 8, 16, 32, 64, 128, 512]

    /// Gets ready to measure; `threads` nil takes as many as the process may keep busy.
    ///
    /// Throws `.outOfMemory` where a GiB is not to be had.
    package init(threads: Int?) throws {
        limits = try LimitsProbe(threads: threads)
        let device = try CPUDevice(threads: threads)
        self.threads = device.statistics.threadCount
        kernels = KernelProbe(device: device)
    }

    /// Bytes per second from memory now: it changes from second to second on some machines.
    package func memoryBandwidth() -> Double { limits.read() }

    /// Measures everything, in about half a minute; `progress` hears what is being measured.
    package func measure(progress: (String) -> Void = { _ in }) throws -> DeviceDescriptor {
        progress("limits")
        let peaks = limits.measure()
        let launch = try kernels.launch()
        let onChip = Self.cacheByteCount
        let onChipBandwidth = limits.read(byteCount: min(onChip / 2, 8 << 20), rounds: 64)
        var operations: [DeviceDescriptor.Arithmetic: Double] = [
            .int8: peaks.int8, .bfloat16: peaks.bfloat16, .float32: peaks.float32,
        ]
        operations[.int4] = peaks.int8
        var facts = operations.mapValues { fact($0) }
        facts[.int4] = DeviceDescriptor.Fact(peaks.int8, "as int8, in which int4 is multiplied", .derived)
        var efficiency: [DeviceDescriptor.Arithmetic: DeviceDescriptor.Efficiency] = [:]
        for (arithmetic, packing) in Self.packings {
            progress("\(packing.rawValue) products")
            efficiency[arithmetic] = try products(packing, peak: operations[arithmetic] ?? 1, launch)
        }
        efficiency[.float32] = DeviceDescriptor.Efficiency(
            0.5,
            "not measured",
            .assumed
        )
        progress("attention")
        let attention = try attention(peak: peaks.float32, launch)
        var descriptor = DeviceDescriptor(
            name: Self.name,
            title: "this machine's processor, \(threads) threads, \(CPUDevice.instructionSet) kernels",
            note: "",
            target: .cpu,
            memory: fact(Double(SystemMemory().limit?.byteCount ?? 16 << 30)),
            memoryBandwidth: fact(peaks.read),
            memoryEfficiency: fact(1),
            onChipMemory: fact(Double(onChip)),
            onChipBandwidth: fact(onChipBandwidth),
            peaks: facts,
            computeEfficiency: efficiency,
            attentionEfficiency: attention,
            overlap: fact(1),
            launch: fact(launch),
            step: DeviceDescriptor.Fact(launch, "as one kernel", .derived)
        )
        progress("memory")
        try measureMemory(&descriptor)
        return descriptor
    }

    private static let packings: [(DeviceDescriptor.Arithmetic, PackedLayout.Packing)] = [
        (.bfloat16, .bfloat16), (.int8, .int8), (.int4, .int4),
    ]

    private func fact(_ value: Double) -> DeviceDescriptor.Fact {
        DeviceDescriptor.Fact(value, Self.source, .measured)
    }

    private func share(_ value: Double, byRows points: [DeviceDescriptor.Efficiency.Point]?)
        -> DeviceDescriptor.Efficiency
    {
        DeviceDescriptor.Efficiency(min(1, value), Self.source, .measured, byRows: points)
    }

    /// The share of the peak that products reach by their rows, whose weights stay on the chip.
    private func products(
        _ packing: PackedLayout.Packing,
        peak: Double,
        _ launch: Double
    ) throws -> DeviceDescriptor.Efficiency {
        let (inputs, features, copies) = (1024, 2048, 2)
        let points = try Self.rows.map { rows in
            let seconds = try kernels.product(packing, rows: rows, inputs: inputs, features: features, copies: copies)
            let operations = 2 * Double(rows * inputs * features)
            return (Double(rows), min(1, operations / max(seconds - launch, 1e-9) / peak))
        }
        return share(points.last?.1 ?? 1, byRows: points.map { DeviceDescriptor.Efficiency.Point(rows: $0, value: $1) })
    }

    private func attention(peak: Double, _ launch: Double) throws -> DeviceDescriptor.Efficiency {
        let (context, kvHeads, headDim) = (1024, 2, 128)
        let shapes = [(1, 1), (1, 2), (1, 4), (1, 6), (1, 8), (2, 6), (4, 6), (16, 6), (64, 6), (256, 6)]
        let points = try shapes.map { rows, group in
            let seconds = try kernels.attention(
                rows: rows,
                context: context,
                heads: group * kvHeads,
                kvHeads: kvHeads,
                headDim: headDim,
                cache: .float16
            )
            let attended = Double(rows) * (Double(context) - Double(rows - 1) / 2)
            let operations = 4 * attended * Double(group * kvHeads * headDim)
            return (Double(rows * group), min(1, operations / max(seconds - launch, 1e-9) / peak))
        }
        return share(points.last?.1 ?? 1, byRows: points.map { DeviceDescriptor.Efficiency.Point(rows: $0, value: $1) })
    }

    /// How fast weights come from memory in a product, and how much of the multiplying hides behind that.
    private func measureMemory(_ descriptor: inout DeviceDescriptor) throws {
        let (inputs, features, copies) = (2048, 8192, 16)
        var reached: [Double] = []
        var hidden: [Double] = []
        for (packing, rows) in [
            (PackedLayout.Packing.int8, 1), (.bfloat16, 1), (.int8, 8), (.bfloat16, 8), (.int8, 16),
        ] {
            guard let layout = PackedLayout(packing, features: features, inputs: inputs, group: 128) else { continue }
            let bytes = Double(layout.type.byteCount)
            let before = limits.read()
            let seconds = try kernels.product(packing, rows: rows, inputs: inputs, features: features, copies: copies)
            let bandwidth = max(before, limits.read())
            if rows == 1 {
                reached.append(min(1, bytes / seconds / bandwidth))
                continue
            }
            var model = descriptor
            model.memoryBandwidth.value = bandwidth
            model.memoryEfficiency.value = reached.max() ?? 1
            let work = KernelWork(
                "packed_linear",
                weightBytes: bytes,
                operations: 2 * Double(rows * inputs * features),
                arithmetic: packing == .int8 ? .int8 : .bfloat16,
                rows: Double(rows)
            )
            let time = TimingModel(model).time(of: work)
            let rest = (seconds - time.launch - max(time.memory, time.compute)) / min(time.memory, time.compute)
            hidden.append(1 - min(1, max(0, rest)))
        }
        descriptor.memoryEfficiency.value = reached.reduce(0, +) / Double(max(1, reached.count))
        descriptor.overlap.value = hidden.sorted()[hidden.count / 2]
    }

    /// The largest cache that the system tells of, 8 MiB where it tells none.
    private static var cacheByteCount: Int {
        let folder = "/sys/devices/system/cpu/cpu0/cache"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let sizes = names.compactMap { name -> Int? in
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)/size", encoding: .utf8) else { return nil }
            let digits = text.trimmingCharacters(in: .whitespacesAndNewlines)
            return digits.hasSuffix("K") ? Int(digits.dropLast()).map { $0 << 10 } : nil
        }
        return sizes.max() ?? 8 << 20
    }
}
