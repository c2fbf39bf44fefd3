package import Tensors

/// How a weight matrix stands in panels, the form that the processor's matrix kernels read.
///
/// A panel holds 32 output features. For int8 and int4 it has for each group of inputs 32 scales in float16, and then
/// the group's weights in steps of 4 inputs: byte 4 r + j of a step is the weight of the panel's feature r and the step's
/// input j, plus 128. In int4 the number is plus 8, and two steps share their bytes: the first has the low halves. For
/// bf16 it has steps of 2 inputs alike, and no scales. Features and inputs that pad the matrix are zero.
package struct PackedLayout: Sendable, Hashable {
    package enum Packing: String, Sendable, Hashable, CaseIterable {
        case int8, int4
        case bfloat16 = "bf16"

        /// What is added to a stored weight, so that it is not negative.
        package var offset: Int {
            switch self {
            case .int8: 128
            case .int4: 8
            case .bfloat16: 0
            }
        }
    }

    package static let panelFeatures = 32

    package let packing: Packing
    package let features: Int
    package let inputs: Int
    /// Inputs that share a scale; 2 for bf16, which has none.
    package let group: Int

    /// Nil for sizes that no matrix has, and for groups that are not a multiple of 8 up to 1024.
    package init?(_ packing: Packing, features: Int, inputs: Int, group: Int) {
        let group = packing == .bfloat16 ? 2 : group
        guard (1...1 << 32).contains(features), (1...1 << 24).contains(inputs) else { return nil }
        guard packing == .bfloat16 || (group % 8 == 0 && (8...1024).contains(group)) else { return nil }
        self.packing = packing
        self.features = features
        self.inputs = inputs
        self.group = group
    }

    package var groups: Int { (inputs + group - 1) / group }
    package var panels: Int { (features + Self.panelFeatures - 1) / Self.panelFeatures }
    package var panelByteCount: Int { groups * groupByteCount }
    package var type: TensorType { TensorType(.uint8, [panels, panelByteCount]) }

    private var groupByteCount: Int {
        switch packing {
        case .int8: Self.panelFeatures * (2 + group)
        case .int4: Self.panelFeatures * (2 + group / 2)
        case .bfloat16: Self.panelFeatures * 4
        }
    }

    /// Where the scale of a feature in a group stands.
    package func scaleOffset(feature: Int, group: Int) -> Int {
        feature / Self.panelFeatures * panelByteCount + group * groupByteCount + feature % Self.panelFeatures * 2
    }

    /// Where the first weight of a feature in a group stands: those of the following steps are 128 bytes apart.
    package func weightOffset(feature: Int, group: Int) -> Int {
        let scales = packing == .bfloat16 ? 0 : 2 * Self.panelFeatures
        return feature / Self.panelFeatures * panelByteCount + group * groupByteCount + scales
            + feature % Self.panelFeatures * 4
    }
}

extension PackedLayout {
    /// The scale of a feature in a group, out of all panels; 1 for bf16.
    package func scale(feature: Int, group: Int, in panels: UnsafeRawBufferPointer) -> Float {
        guard packing != .bfloat16 else { return 1 }
        let offset = scaleOffset(feature: feature, group: group)
        return Half.float(bitPattern: panels.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The whole numbers of one feature of int8 or int4.
    package func numbers(feature: Int, in panels: UnsafeRawBufferPointer) -> [Int] {
        (0..<inputs).map { input in
            let base = weightOffset(feature: feature, group: input / group)
            let (step, place) = (input % group / 4, input % 4)
            guard packing == .int4 else { return Int(panels[base + step * 128 + place]) - packing.offset }
            let both = Int(panels[base + step / 2 * 128 + place])
            return (step % 2 == 0 ? both & 15 : both >> 4) - packing.offset
        }
    }

    /// The weights of one feature as float32.
    package func weights(feature: Int, in panels: UnsafeRawBufferPointer) -> [Float] {
        guard packing == .bfloat16 else {
            let scales = (0..<groups).map { scale(feature: feature, group: $0, in: panels) }
            return numbers(feature: feature, in: panels).enumerated().map { scales[$0 / group] * Float($1) }
        }
        return (0..<inputs).map { input in
            let offset = weightOffset(feature: feature, group: input / 2) + input % 2 * 2
            return BFloat16(bitPattern: panels.loadUnaligned(fromByteOffset: offset, as: UInt16.self)).float
        }
    }
}
