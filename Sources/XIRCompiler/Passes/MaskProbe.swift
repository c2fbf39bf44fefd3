import Tensors
import XIR

/// Finds out what an additive attention mask means.
///
/// A mask is accepted when, for several lengths and paddings, it is 0 exactly where query i may see key j (j no later
/// than i, and not padding) and below -10,000 elsewhere. Rows that see nothing are not compared. A mask with whole-number
/// constants of its own (such as the width of a sliding window) is refused, since small lengths would not show it.
struct MaskProbe {
    enum Meaning {
        /// Causal; with the padding mask `[batch, total]` that it reads, if it reads one.
        case causal(padding: ValueID?)
        case refused(String)
    }

    let probe: DenseProbe

    func meaning() -> Meaning {
        do {
            try probe.checkInputs()
            try checkConstants()
            let padding = probe.inputs.last(where: probe.isPaddingMask)
            for sample in probe.samples {
                for pads in 0...(padding == nil ? 0 : 1) {
                    let mask = try probe.evaluate(sample) { input, column in
                        input == padding ? (column < pads ? 0 : 1) : sample.past + column
                    }
                    try compare(mask, sample, pads)
                }
            }
            return .causal(padding: padding)
        } catch {
            return .refused(error.reason)
        }
    }

    private func checkConstants() throws(DenseProbe.Refusal) {
        for operation in probe.operations where operation.name == "constant" {
            guard let name = operation.string("name"), let tensor = probe.constants[name]?.tensor else {
                throw DenseProbe.Refusal(reason: "it needs constants whose values are not there")
            }
            guard tensor.elementCount <= 4096 else {
                throw DenseProbe.Refusal(reason: "it reads the large constant '\(name)'")
            }
            if !tensor.elementType.isFloatingPoint, tensor.elementType != .bool,
                let value = tensor.integers?.first(where: { abs($0) > 1 && abs($0) < 1 << 30 })
            {
                throw DenseProbe.Refusal(reason: "it depends on the number \(value), as a sliding window would")
            }
        }
    }

    /// Refuses a mask that is not causal with the first `pads` keys padded.
    private func compare(_ mask: Tensor, _ sample: DenseProbe.Sample, _ pads: Int) throws(DenseProbe.Refusal) {
        let batch = mask.shape.rank == 4 ? max(1, mask.shape[0]) : 1
        let full: [Extent] = [Extent(batch), 1, Extent(sample.sequence), Extent(sample.total)]
        let extents = mask.shape.dimensions.map { Extent($0) }
        guard mask.elementType.isFloatingPoint, OperationDefinition.broadcast(extents, full) == full else {
            throw DenseProbe.Refusal(reason: "its type \(mask.type) does not fit the scores")
        }
        let padded = [Int](repeating: 1, count: 4 - mask.shape.rank) + mask.shape.dimensions
        let strides = Shape(padded).strides
        let floats = mask.floats
        for row in 0..<batch {
            for query in 0..<sample.sequence where sample.past + query >= pads {
                for key in 0..<sample.total {
                    let index = [row, 0, query, key].enumerated().reduce(0) { sum, axis in
                        sum + (padded[axis.offset] == 1 ? 0 : axis.element * strides[axis.offset])
                    }
                    let visible = key <= sample.past + query && key >= pads
                    if visible ? floats[index] != 0 : !(floats[index] < -10_000) {
                        let rule = visible ? "sees" : "must not see"
                        throw DenseProbe.Refusal(
                            reason: "it is \(floats[index]) where query \(sample.past + query) \(rule) key \(key)"
                        )
                    }
                }
            }
        }
    }
}
