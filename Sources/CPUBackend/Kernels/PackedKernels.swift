import CKernels
import DeviceRuntime
import XIR

extension KernelTable {
    static let packedLinear: Factory = { step, builder throws(DeviceError) in
        let product = try PackedProduct(step, &builder, featuresPerResult: 1)
        let y = step.results[0]
        let bias = step.operands.count > 2 ? step.operands[2] : nil
        let biasType = try bias.map { value throws(DeviceError) in try builder.storage(value, step) } ?? CK_F32
        return { frame, worker in
            product.run(frame, worker) { weight, packed, tokens, panels in
                ck_packed_linear(
                    weight,
                    packed,
                    tokens,
                    bias.map { UnsafeRawPointer(frame.pointers[$0]) },
                    biasType,
                    Int64(panels.lowerBound),
                    Int64(panels.upperBound),
                    frame.floats(y),
                    Int64(product.features)
                )
            }
        }
    }

    static let packedSwiGLU: Factory = { step, builder throws(DeviceError) in
        let product = try PackedProduct(step, &builder, featuresPerResult: 2)
        let y = step.results[0]
        return { frame, worker in
            product.run(frame, worker) { weight, packed, tokens, panels in
                ck_packed_swiglu(
                    weight,
                    packed,
                    tokens,
                    Int64(panels.lowerBound),
                    Int64(panels.upperBound),
                    frame.floats(y),
                    Int64(product.features)
                )
            }
        }
    }

    static let packedEmbedding: Factory = { step, builder throws(DeviceError) in
        let (ids, panels, y) = (step.operands[0], step.operands[1], step.results[0])
        let weight = try PackedWeight(step, builder, inputs: try step.integer("width", builder), featuresPerResult: 1)
        try builder.indices(ids, step, .indices(ids, limit: weight.layout.features))
        let count = try builder.rows(ids, dropping: 0, step)
        return { frame, worker in
            let width = weight.layout.inputs
            var packed = weight.packed(frame, panels, features: weight.layout.features)
            worker.ranges(count(frame.symbols), grain: rowGrain(width)) { range in
                ck_packed_gather(
                    &packed,
                    frame.integers(ids) + range.lowerBound,
                    Int64(range.count),
                    frame.floats(y) + range.lowerBound * width
                )
            }
        }
    }
}

/// Weights in panels, as the kernels take them.
struct PackedWeight {
    let layout: PackedLayout

    init(_ step: ProgramStep, _ builder: KernelBuilder, inputs: Int, featuresPerResult: Int) throws(DeviceError) {
        guard let layout = PackedLayout(step.attributes, inputs: inputs, featuresPerResult: featuresPerResult),
            builder.type(step.operands[1]) == ValueType(layout.type)
        else { throw builder.unsupported(step, "its packing does not fit") }
        self.layout = layout
    }

    func packed(_ frame: Frame, _ panels: Int, features: Int) -> ck_packed_t {
        let packing =
            switch layout.packing {
            case .int8: CK_PACKED_INT8
            case .int4: CK_PACKED_INT4
            case .bfloat16: CK_PACKED_BF16
            }
        return ck_packed_t(
            panels: frame.pointers[panels],
            packing: packing,
            n: Int64(features),
            k: Int64(layout.inputs),
            group: Int64(layout.group)
        )
    }

    /// The most bytes that a row of x takes when it is packed for these weights, whatever the processor.
    var rowByteCount: Int {
        // In float32, or padded to whole tiles of bfloat16.
        layout.packing == .bfloat16 ? (layout.inputs + 15) / 16 * 64 : layout.groups * (8 + layout.group)
    }
}

/// A product with packed weights: rows are packed first, then threads take ranges of panels, each for all rows.
struct PackedProduct {
    /// Features of a result's row.
    let features: Int
    private let weight: PackedWeight
    private let x: Int
    private let panels: Int
    private let rows: Count
    private let packedFeatures: Int
    /// What makes the rows, where the step before was left to this one.
    private let norm: RowNorm?

    /// Rows of so many numbers together every thread packs for itself, which takes less time than waiting for others.
    private static let alone = 8192

    init(_ step: ProgramStep, _ builder: inout KernelBuilder, featuresPerResult: Int) throws(DeviceError) {
        (x, panels) = (step.operands[0], step.operands[1])
        let inputs = try builder.fixed(x, axis: builder.type(x).rank - 1, step)
        weight = try PackedWeight(step, builder, inputs: inputs, featuresPerResult: featuresPerResult)
        features = try builder.fixed(step.results[0], axis: builder.type(step.results[0]).rank - 1, step)
        packedFeatures = features * featuresPerResult
        rows = try builder.rows(x, dropping: 1, step)
        norm = builder.takeNorm()
        let most = try builder.most(x, step) / inputs
        let few = max(1, Self.alone / inputs)
        builder.needScratch(
            perThread: (min(most, few) * weight.rowByteCount + 3) / 4,
            shared: (most * weight.rowByteCount + 3) / 4
        )
    }

    /// Calls `body` with ranges of panels.
    func run(
        _ frame: Frame,
        _ worker: Worker,
        _ body: (UnsafePointer<ck_packed_t>, UnsafeRawPointer, Int64, Range<Int>) -> Void
    ) {
        let (tokens, inputs) = (rows(frame.symbols), weight.layout.inputs)
        guard tokens > 0 else { return }
        var packed = weight.packed(frame, panels, features: packedFeatures)
        // Rows that are normalised here, one thread must normalise.
        let isAlone = norm == nil && tokens <= max(1, Self.alone / inputs)
        let scratch = UnsafeMutableRawPointer(isAlone ? frame.threadScratch[worker.index] : frame.sharedScratch)
        func pack(_ range: Range<Int>) {
            norm?.run(frame, range)
            ck_pack_rows(
                frame.floats(x),
                Int64(inputs),
                Int64(tokens),
                &packed,
                Int64(range.lowerBound),
                Int64(range.upperBound),
                scratch
            )
        }
        if isAlone {
            pack(0..<tokens)
        } else {
            let tile = Int(ck_packed_tile(&packed, Int64(tokens)))
            worker.ranges(tokens, grain: tile, pack)
            worker.barrier()
        }
        // Fewer panels than this cost more to share out than to compute.
        let grain = max(1, 32_768 / (tokens * inputs * PackedLayout.panelFeatures))
        worker.ranges(weight.layout.panels, grain: grain) { range in body(&packed, scratch, Int64(tokens), range) }
    }
}
