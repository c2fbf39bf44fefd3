package import Tensors

/// What the compiler may choose.
package struct CompilerOptions: Sendable {
    /// Tokens in a block of the key/value cache.
    package var blockSize = 16
    /// The element type of the cache.
    package var cacheElementType = ElementType.float16
    /// The element type to store weights in; nil keeps the checkpoint's.
    package var weightElementType: ElementType?
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
