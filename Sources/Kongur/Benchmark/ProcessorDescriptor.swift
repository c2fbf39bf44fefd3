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
    static let source = "kongur bench --limits"
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

    /// Seconds that some kernels take now, whose data stays on the chip: they change with what else the machine does, like the
    /// speed of memory.
    package func pace() throws -> Double {
        var probe = kernels
        probe.duration = .milliseconds(20)
        let product = try probe.product(.int8, rows: 16, inputs: 1024, features: 1024)
        let attention = try probe.attention(rows: 1, context: 1024, group: 6, headDim: 128)
        return (product * attention).squareRoot()
    }

    /// Measures everything, in about a quarter of a minute, and the pace meanwhile; `progress` hears what is being measured.
    package func measure(progress: (String) -> Void = { _ in }) throws -> (descriptor: DeviceDescriptor, pace: Double) {
        progress("limits")
        var paces = [try pace()]
        let peaks = limits.measure()
        let launch = try kernels.launch()
        let onChip = onChipMemory(slower: peaks.read)
        var facts: [DeviceDescriptor.Arithmetic: DeviceDescriptor.Fact] = [
            .int8: fact(peaks.int8), .bfloat16: fact(peaks.bfloat16), .float32: fact(peaks.float32),
        ]
        facts[.int4] = DeviceDescriptor.Fact(peaks.int8, "as int8, in which int4 is multiplied", .derived)
        var efficiency: [DeviceDescriptor.Arithmetic: DeviceDescriptor.Efficiency] = [:]
        for (arithmetic, packing) in Self.packings {
            progress("\(packing.rawValue) products")
            efficiency[arithmetic] = try products(packing, peak: facts[arithmetic]?.value ?? 1, launch)
            paces.append(try pace())
        }
        efficiency[.float32] = DeviceDescriptor.Efficiency(0.5, "not measured", .assumed)
        progress("attention")
        let attention = try attention(peak: peaks.float32, launch)
        paces.append(try pace())
        var descriptor = DeviceDescriptor(
            name: Self.name,
            title: "this machine's processor, \(threads) threads, \(CPUDevice.instructionSet) kernels",
            note: "",
            target: .cpu,
            memory: fact(Double(SystemMemory().limit?.byteCount ?? 16 << 30)),
            memoryBandwidth: fact(peaks.read),
            memoryEfficiency: fact(1),
            memoryLatency: fact(0),
            onChipMemory: fact(Double(onChip.byteCount)),
            onChipBandwidth: fact(onChip.bandwidth),
            peaks: facts,
            computeEfficiency: efficiency,
            attentionEfficiency: attention,
            overlap: fact(1),
            launch: fact(launch),
            step: DeviceDescriptor.Fact(launch, "as one kernel", .derived)
        )
        progress("memory")
        try measureMemory(&descriptor)
        return (descriptor, paces.reduce(0, +) / Double(paces.count))
    }

    private static let packings: [(DeviceDescriptor.Arithmetic, PackedLayout.Packing)] = [
        (.bfloat16, .bfloat16), (.int8, .int8), (.int4, .int4),
    ]

    private func fact(_ value: Double) -> DeviceDescriptor.Fact {
        DeviceDescriptor.Fact(value, Self.source, .measured)
    }

    /// The share of the peak by rows, from the seconds of kernels without what it costs to begin one.
    private func efficiency(
        _ points: [(rows: Int, operations: Double, seconds: Double)],
        peak: Double,
        perElement: Double
    ) -> DeviceDescriptor.Efficiency {
        let points = points.map { point in
            let share = min(1, point.operations / max(point.seconds, 1e-9) / peak)
            return DeviceDescriptor.Efficiency.Point(rows: Double(point.rows), value: share)
        }
        let value = points.last?.value ?? 1
        return DeviceDescriptor.Efficiency(value, Self.source, .measured, byRows: points, perElement: perElement)
    }

    /// Seconds of each kernel, at the median of three rounds over all: what disturbs one kernel for a moment is gone by the next.
    private func medians<Kernel>(_ kernels: [Kernel], _ seconds: (Kernel) throws -> Double) rethrows -> [Double] {
        let rounds = try (0..<3).map { _ in try kernels.map(seconds) }
        return kernels.indices.map { kernel in rounds.map { $0[kernel] }.sorted()[1] }
    }

    /// How many operations each element of two kernels is worth besides, which take `ratio` times as long as each other
    /// and have `few` and `many` operations for each element.
    private func perElement(_ ratio: Double, few: Double, many: Double) -> Double {
        guard ratio < 1 else { return 1e4 }
        return min(max(0, (ratio * many - few) / (1 - ratio)), 1e4)
    }

    /// The share of the peak that products reach by their rows, whose weights stay on the chip.
    private func products(
        _ packing: PackedLayout.Packing,
        peak: Double,
        _ launch: Double
    ) throws -> DeviceDescriptor.Efficiency {
        let (inputs, features, few, many) = (1024, 1024, 256, 1024)
        func seconds(rows: Int, features: Int) throws -> Double {
            try kernels.product(packing, rows: rows, inputs: inputs, features: features) - launch
        }
        let ratios = try [64, 128, 512].map {
            try seconds(rows: $0, features: few) / seconds(rows: $0, features: many)
        }
        let each = perElement(ratios.sorted()[1], few: Double(2 * few), many: Double(2 * many))
        let times = try medians(Self.rows) { try seconds(rows: $0, features: features) }
        let points = zip(Self.rows, times).map { rows, seconds in
            (rows, Double(rows * inputs) * (Double(2 * features) + each), seconds)
        }
        return efficiency(points, peak: peak, perElement: each)
    }

    /// The same of attention; an element is a score.
    private func attention(peak: Double, _ launch: Double) throws -> DeviceDescriptor.Efficiency {
        let (context, kvHeads, narrow, wide) = (1024, KernelProbe.kvHeads, 64, 128)
        func seconds(rows: Int, group: Int, headDim: Int) throws -> Double {
            try kernels.attention(rows: rows, context: context, group: group, headDim: headDim) - launch
        }
        let ratios = try [(1, 6), (16, 6), (256, 6)].map { rows, group in
            try seconds(rows: rows, group: group, headDim: narrow) / seconds(rows: rows, group: group, headDim: wide)
        }
        let each = perElement(ratios.sorted()[1], few: Double(4 * narrow), many: Double(4 * wide))
        let shapes = [(1, 1), (1, 2), (1, 4), (1, 6), (1, 8), (2, 6), (4, 6), (16, 6), (64, 6), (256, 6)]
        let times = try medians(shapes) { try seconds(rows: $0.0, group: $0.1, headDim: wide) }
        let points = zip(shapes, times).map { shape, seconds in
            let (rows, group) = shape
            let scores = Double(rows * group * kvHeads) * (Double(context) - Double(rows - 1) / 2)
            return (rows * group, scores * (Double(4 * wide) + each), seconds)
        }
        return efficiency(points, peak: peak, perElement: each)
    }

    /// A kernel whose weights or keys come from memory, and the speed of memory around it.
    private struct Observation {
        var work: KernelWork
        var seconds: Double
        var bandwidth: Double
    }

    /// How fast weights and keys come from memory in kernels, how long the first of them take, and how much of the multiplying
    /// hides behind that: what explains several kernels best.
    private func measureMemory(_ descriptor: inout DeviceDescriptor) throws {
        let products: [(DeviceDescriptor.Arithmetic, PackedLayout.Packing, rows: Int)] = [
            (.int8, .int8, 1), (.bfloat16, .bfloat16, 1), (.int8, .int8, 8), (.bfloat16, .bfloat16, 8),
            (.int8, .int8, 16),
            (.int8, .int8, 64), (.bfloat16, .bfloat16, 64),
        ]
        var observations = try products.compactMap {
            try product($0, $1, rows: $2, inputs: 2048, features: 8192, copies: 16)
        }
        observations += try [product(.int8, .int8, rows: 1, inputs: 512, features: 512, copies: 1024)].compactMap(
            \.self
        )
        observations.append(try attention(context: 1 << 18))
        var least = Double.infinity
        for efficiency in stride(from: 0.5, through: 1, by: 0.02) {
            for overlap in stride(from: 0, through: 1, by: 0.1) {
                for latency in stride(from: 0, through: 4e-6, by: 5e-7) {
                    var model = descriptor
                    model.memoryEfficiency.value = efficiency
                    model.overlap.value = overlap
                    model.memoryLatency = fact(latency)
                    let error = error(of: model, observations)
                    if error < least { (least, descriptor) = (error, model) }
                }
            }
        }
    }

    /// The sum of the squares by which the logarithms of predictions are off.
    private func error(of descriptor: DeviceDescriptor, _ observations: [Observation]) -> Double {
        var descriptor = descriptor
        return observations.reduce(0) { sum, observation in
            descriptor.memoryBandwidth.value = observation.bandwidth
            let off = log(TimingModel(descriptor).time(of: observation.work).seconds / observation.seconds)
            return sum + off * off
        }
    }

    private func observe(_ work: KernelWork, _ seconds: () throws -> Double) rethrows -> Observation {
        let before = limits.read()
        let seconds = try seconds()
        return Observation(work: work, seconds: seconds, bandwidth: (before + limits.read()) / 2)
    }

    private func product(
        _ arithmetic: DeviceDescriptor.Arithmetic,
        _ packing: PackedLayout.Packing,
        rows: Int,
        inputs: Int,
        features: Int,
        copies: Int
    ) throws -> Observation? {
        guard let layout = PackedLayout(packing, features: features, inputs: inputs, group: 128) else { return nil }
        let work = KernelWork(
            "packed_linear",
            weightBytes: Double(layout.type.byteCount),
            operations: 2 * Double(rows * inputs * features),
            elements: Double(rows * inputs),
            arithmetic: arithmetic,
            rows: Double(rows)
        )
        return try observe(work) {
            try kernels.product(packing, rows: rows, inputs: inputs, features: features, copies: copies)
        }
    }

    private func attention(context: Int) throws -> Observation {
        let (group, kvHeads, headDim) = (6, KernelProbe.kvHeads, 128)
        let scores = Double(group * kvHeads * context)
        let work = KernelWork(
            "paged_attention",
            cacheBytes: Double(2 * 2 * kvHeads * headDim * context),
            operations: 4 * scores * Double(headDim),
            elements: scores,
            arithmetic: .float32,
            rows: Double(group)
        )
        return try observe(work) {
            try kernels.attention(rows: 1, context: context, group: group, headDim: headDim)
        }
    }

    /// How much of what is read again and again is there faster than from memory, and how fast: what the system says of its
    /// caches may be shared with others.
    private func onChipMemory(slower memory: Double) -> (byteCount: Int, bandwidth: Double) {
        let most = min(Self.cacheByteCount, 256 << 20)
        var (byteCount, bandwidth) = (1 << 20, limits.read(byteCount: 1 << 20, rounds: 256))
        while byteCount * 2 <= most {
            let next = limits.read(byteCount: byteCount * 2, rounds: max(2, (256 << 20) / byteCount))
            guard next > 1.5 * memory else { break }
            (byteCount, bandwidth) = (byteCount * 2, next)
        }
        return (byteCount, bandwidth)
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
