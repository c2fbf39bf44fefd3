package import DeviceRuntime
package import Tensors
package import XIR

/// How a compiled model stores its weights.
package enum WeightForm: Sendable, Hashable {
    /// As the checkpoint has them.
    case stored
    /// In float32: the way to run a bf16 checkpoint in full precision.
    case float32
    /// Matrices in float16.
    case float16
    /// In panels for the processor's matrix kernels; `group` inputs share a scale, but for bf16. For
    /// Kunlun int8 is kept in rows, with one scale for each.
    case packed(PackedLayout.Packing, group: Int)

    package static let bfloat16 = packed(.bfloat16, group: 2)
    package static let int8 = packed(.int8, group: 128)
    package static let int4 = packed(.int4, group: 64)
}

/// What the compiler may choose.
package struct CompilerOptions: Sendable {
    /// What the program is to run on.
    package var target = Target.cpu
    /// The most output features of one product on Kunlun, whose library is known to fail at very wide ones.
    package var widestProduct = 65_536
    /// Tokens in a block of the key/value cache.
    package var blockSize = 16
    /// The element type of the cache.
    package var cacheElementType = ElementType.float16
    /// How weights are stored.
    package var weights = WeightForm.stored
    /// Before weights go to 8 or 4 bits, move large channels of activations into them.
    ///
    /// Off: by what the weights alone let expect, it doubled the error of int8 on the public models that were measured.
    package var smooth = false
    /// Measured activations to do that by; without them the weights themselves say what is to be expected.
    package var activationRanges: ActivationRanges?
    /// Merge and fuse; off leaves the step program in its smallest operations.
    package var fuse = true
    /// The most rows of one step.
    package var tokens = 512
    /// The most sequences of one step.
    package var sequences = 64
    /// The most rows whose logits one step gives back.
    package var outputs = 64
    /// The most tokens of a sequence; nil takes the model's.
    package var contextLength: Int?

    package init() {}
}
