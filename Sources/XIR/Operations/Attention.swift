import Tensors

extension OperationDefinition {
    /// Rotary positions, attention, and the paged key/value cache.
    ///
    /// A cache is `[blocks, kv_heads, block, head_dim]`, or as `CacheRow` says in i8. A slot is `block_index * block + offset`. The rows of a step
    /// belong to sequences: sequence s owns rows `sequence_starts[s] ..< sequence_starts[s + 1]`, which are the last
    /// ones of its `context_lengths[s]` tokens, and its tokens stand in the blocks of row s of `block_tables`.
    static let attention: [OperationDefinition] = [
        define(
            "rotary",
            "x with each head turned by its position (Su et al., 2021; half-split form): with angle = position * inverse_frequencies, (a, b) of the two halves of a head becomes (a cos - b sin, b cos + a sin), both times `scale`. The angle is a product of two f32 numbers, rounded to f32.",
            ["x", "positions", "inverse_frequencies"],
            attributes: [attribute("scale", .float)],
            constraints: [
                "x is f32 or f16 [tokens, heads, head_dim] where positions is [tokens], or [batch, heads, sequence, head_dim] where positions is [batch, sequence]",
                "positions is i32 or i64", "inverse_frequencies is f32 of half the head_dim",
            ]
        ) { operands, _ throws(ConstraintViolation) in
            let (x, positions, frequencies) = (operands[0], operands[1], operands[2])
            let flat = x.rank == 3 && positions.extents == [x.extents[0]]
            let headsFirst = x.rank == 4 && positions.extents == [x.extents[0], x.extents[2]]
            try require(isActivation(x) && (flat || headsFirst), 1)
            try require([.int32, .int64].contains(positions.elementType), 2)
            try require(
                frequencies.elementType == .float32 && frequencies.rank == 1
                    && frequencies.extents[0] * 2 == x.extents[x.rank - 1],
                3
            )
            return [x]
        },
        define(
            "attention",
            "softmax(query key^T * scale) value for each head; query i of `sequence` sees key j of `total` when j <= total - sequence + i and mask[batch, j] is not 0. Query head h uses key/value head h / (heads / kv_heads). A query that sees nothing gives zeros.",
            ["query", "key", "value", "mask"],
            attributes: [attribute("scale", .float)],
            constraints: [
                "query is f32 [batch, heads, sequence, head_dim]",
                "key and value are f32 [batch, kv_heads, total, head_dim]",
                "heads is a multiple of kv_heads", "mask is i64 [batch, total]",
            ]
        ) { operands, _ throws(ConstraintViolation) in
            let (query, key) = (operands[0], operands[1])
            try require(query.elementType == .float32 && query.rank == 4, 1)
            try require(key == operands[2] && key.elementType == .float32 && key.rank == 4, 2)
            try require(key.extents[0] == query.extents[0] && key.extents[3] == query.extents[3], 2)
            guard let heads = query.extents[1].fixed, let kvHeads = key.extents[1].fixed, kvHeads > 0,
                heads % kvHeads == 0
            else { throw ConstraintViolation(3) }
            try require(operands[3] == ValueType(.int64, [key.extents[0], key.extents[2]]), 4)
            return [query]
        },
        define(
            "cache_write",
            "The cache with row t of x written to slot slots[t], converted to the cache's element type; a negative slot is skipped. In i8 each head's part of a row is quantised: scale = largest magnitude / 127 in f32, number = x * (127 / largest magnitude) to nearest, ties to even, and 0 where no magnitude is above 2^-120; a cache then holds for each block and head `block` rows of head_dim bytes, and after them the `block` scales.",
            ["cache", "x", "slots"],
            constraints: [
                "cache is floating-point [blocks, kv_heads, block, head_dim] or i8 [blocks, kv_heads, block, head_dim + 4], the last three and head_dim fixed and not 0, kv_heads and head_dim at most 65536",
                "x is f32 or f16 [tokens, kv_heads * head_dim]",
                "slots is i32 [tokens]",
            ],
            updates: [0]
        ) { operands, _ throws(ConstraintViolation) in
            let cache = operands[0]
            let (kvHeads, headDim) = try checkCache(cache, 1)
            try require(isActivation(operands[1]) && operands[1].rank == 2, 2)
            try require(operands[1].extents[1] == Extent(kvHeads * headDim), 2)
            try require(operands[2] == ValueType(.int32, [operands[1].extents[0]]), 3)
            return [cache]
        },
        define(
            "rotary_cache_write",
            "From a row [query | key | value]: the query turned by rotary, the key cache with the turned key written, the value cache with the value written. With norms, each head of query and key is first normalised by rms_norm.",
            [
                "qkv", "positions", "slots", "inverse_frequencies", "key_cache", "value_cache", "query_norm",
                "key_norm",
            ],
            required: 6,
            attributes: [
                attribute("heads", .integer), attribute("scale", .float), attribute("epsilon", .float, required: false),
            ],
            constraints: [
                "key_cache and value_cache have the same type, that of a cache as in cache_write",
                "qkv is f32 or f16 [tokens, (heads + 2 * kv_heads) * head_dim], heads from 1 to 65536",
                "positions and slots are i32 [tokens]",
                "inverse_frequencies is f32 of half the head_dim",
                "query_norm and key_norm are given together, with epsilon, as vectors of head_dim",
            ],
            updates: [4, 5]
        ) { operands, operation throws(ConstraintViolation) in
            let (qkv, cache) = (operands[0], operands[4])
            let (kvHeads, headDim) = try checkCache(cache, 1)
            try require(operands[5] == cache, 1)
            let heads = try queryHeads(operation, 2)
            try require(isActivation(qkv) && qkv.rank == 2, 2)
            try require(qkv.extents[1] == Extent(heads) * headDim + Extent(kvHeads * headDim) * 2, 2)
            let rows = ValueType(.int32, [qkv.extents[0]])
            try require(operands[1] == rows && operands[2] == rows, 3)
            try require(headDim % 2 == 0 && operands[3] == ValueType(.float32, [Extent(headDim / 2)]), 4)
            try require(operands.count == 6 || operands.count == 8 && operation.float("epsilon") != nil, 5)
            for norm in operands.dropFirst(6) {
                try require(norm.elementType.isFloatingPoint && norm.extents == [Extent(headDim)], 5)
            }
            return [ValueType(qkv.elementType, [qkv.extents[0], Extent(heads) * headDim]), cache, cache]
        },
        define(
            "paged_attention",
            "Causal attention of each row's query over the keys and values of its sequence in the paged cache, with query heads grouped over the key/value heads: softmax(query key^T * scale) value over the tokens up to the row's own. Rows of no sequence are unspecified.",
            ["query", "key_cache", "value_cache", "sequence_starts", "context_lengths", "block_tables"],
            attributes: [attribute("heads", .integer), attribute("scale", .float)],
            constraints: [
                "key_cache and value_cache have the same type, that of a cache as in cache_write",
                "query is f32 or f16 [tokens, heads * head_dim], heads a multiple of kv_heads from 1 to 65536",
                "sequence_starts is i32 [sequences + 1], context_lengths i32 [sequences], block_tables i32 [sequences, table]",
            ]
        ) { operands, operation throws(ConstraintViolation) in
            let (query, cache) = (operands[0], operands[1])
            let (kvHeads, headDim) = try checkCache(cache, 1)
            try require(operands[2] == cache, 1)
            let heads = try queryHeads(operation, 2)
            try require(heads % kvHeads == 0, 2)
            try require(isActivation(query) && query.rank == 2, 2)
            try require(query.extents[1] == Extent(heads) * headDim, 2)
            let (starts, lengths, tables) = (operands[3], operands[4], operands[5])
            try require(lengths.elementType == .int32 && lengths.rank == 1, 3)
            try require(starts == ValueType(.int32, [lengths.extents[0] + 1]), 3)
            try require(tables.elementType == .int32 && tables.rank == 2 && tables.extents[0] == lengths.extents[0], 3)
            return [query]
        },
    ]

    /// The most heads of queries, and of keys and values.
    private static let mostHeads = 1 << 16

    private static func queryHeads(_ operation: Operation, _ constraint: Int) throws(ConstraintViolation) -> Int {
        guard let heads = operation.integer("heads"), (1...mostHeads).contains(heads) else {
            throw ConstraintViolation(constraint)
        }
        return heads
    }

    /// The heads and their width of a well-formed cache type.
    private static func checkCache(_ cache: ValueType, _ constraint: Int) throws(ConstraintViolation) -> (
        kvHeads: Int, headDim: Int
    ) {
        guard let row = CacheRow(of: cache), let heads = cache.extents[1].fixed, let block = cache.extents[2].fixed,
            (1...mostHeads).contains(heads), block > 0
        else { throw ConstraintViolation(constraint) }
        return (heads, row.headDim)
    }
}
