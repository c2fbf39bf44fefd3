package import Tensors
import XIR

/// How keys and values are kept: per layer a key and a value cache of `[blocks, kvHeads, blockSize, headDim]`, or in int8
/// as `CacheRow` says.
package struct KVCacheLayout: Sendable, Hashable {
    package var layers: Int
    package var kvHeads: Int
    package var headDim: Int
    /// Tokens in a block.
    package var blockSize: Int
    package var elementType: ElementType

    package init(layers: Int, kvHeads: Int, headDim: Int, blockSize: Int, elementType: ElementType) {
        self.layers = layers
        self.kvHeads = kvHeads
        self.headDim = headDim
        self.blockSize = blockSize
        self.elementType = elementType
    }

    /// Bytes of one block over all layers, keys and values and their scales together.
    package var blockByteCount: Int {
        2 * layers * kvHeads * blockSize * CacheRow(headDim: headDim, elementType: elementType).byteCount
    }
}

/// A model that is ready for a device: the step program with its weights, and what the engine must know.
package struct CompiledModel: Sendable {
    package var program: Program
    package var cache: KVCacheLayout
    package var vocabularySize: Int
    /// The most tokens that a sequence may have, prompt and answer together.
    package var contextLength: Int
    /// Tokens that end an answer.
    package var stopTokenIDs: Set<Int>
    /// See `ModelDigest.weights`; nil when it was not written down where the model was read from.
    package var weightsDigest: String?

    package init(
        program: Program,
        cache: KVCacheLayout,
        vocabularySize: Int,
        contextLength: Int,
        stopTokenIDs: Set<Int>,
        weightsDigest: String? = nil
    ) {
        self.program = program
        self.cache = cache
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.stopTokenIDs = stopTokenIDs
        self.weightsDigest = weightsDigest
    }
}
