package import Tensors

/// The row that a paged cache keeps for one token and head: its numbers, and in i8 a scale beside them.
///
/// A floating-point cache is `[blocks, kv_heads, block, head_dim]`. An i8 cache is `[blocks, kv_heads, block, head_dim + 4]`
/// bytes, in which the `block` rows of a block and head come first, head_dim numbers each, and then their `block` scales in
/// f32. A scale is the row's largest magnitude / 127; a number is x * (127 / largest magnitude), to nearest, ties to even,
/// and 0 where no magnitude is above 2^-120.
package struct CacheRow: Sendable, Hashable {
    package let headDim: Int
    package let elementType: ElementType

    package init(headDim: Int, elementType: ElementType) {
        self.headDim = headDim
        self.elementType = elementType
    }

    /// The row of a cache type; nil for what is no cache.
    package init?(of cache: ValueType) {
        guard cache.rank == 4, let count = cache.extents[3].fixed else { return nil }
        self.init(elementCount: count, cache.elementType)
    }

    /// The row of a cache tensor's type; nil for what is no cache.
    package init?(of cache: TensorType) {
        guard cache.shape.rank == 4 else { return nil }
        self.init(elementCount: cache.shape[3], cache.elementType)
    }

    private init?(elementCount: Int, _ elementType: ElementType) {
        let scale = Self.scaleByteCount(elementType)
        guard Self.elementTypes.contains(elementType), (scale + 1...scale + Self.largestHeadDim).contains(elementCount)
        else { return nil }
        headDim = elementCount - scale
        self.elementType = elementType
    }

    /// The most numbers of a row.
    package static let largestHeadDim = 1 << 16

    /// What a cache may hold.
    package static let elementTypes: [ElementType] = [.float32, .float16, .bfloat16, .int8]

    /// The last extent of the cache's type.
    package var elementCount: Int { headDim + Self.scaleByteCount(elementType) }
    package var byteCount: Int { elementCount * elementType.byteCount }
    package var hasScale: Bool { elementType == .int8 }

    private static func scaleByteCount(_ elementType: ElementType) -> Int { elementType == .int8 ? 4 : 0 }
}
