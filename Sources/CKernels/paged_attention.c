#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Attention in partitions of CK_ATTENTION_PARTITION keys, counted from the start of the sequence: each has a softmax of
// its own, and they are put together in order. So the order in which a query's numbers are added up depends on its
// position alone. While scores are computed the values are fetched, and while values are added up the next keys.

// Keys whose values stay in the first-level cache while all queries of a call take them in.
#define CK_CHUNK 64
// The most queries (rows times heads of a group) of one call, unless one row has more.
#define CK_TILE_QUERIES 24
// The widest heads whose keys and values in i8 are multiplied as bytes; a query takes twice as many.
#define CK_BYTE_WIDTH 512
// The largest group.
#define CK_QUERIES 256

#define CK_DOTS
#define CK_KERNEL "paged_attention.h"
#include "templates/each_level.h"

int64_t ck_attention_tile(int64_t group) { return group >= CK_TILE_QUERIES ? 1 : CK_TILE_QUERIES / group; }

int64_t ck_attention_partial_count(const ck_attention_t *attention, int64_t rows) {
    return rows * (attention->heads / attention->keys.kv_heads) * (attention->keys.head_dim + 2);
}

int64_t ck_attention_scratch_count(const ck_attention_t *attention) {
    const int64_t group = attention->heads / attention->keys.kv_heads, width = attention->keys.head_dim;
    const int64_t queries = ck_attention_tile(group) * group;
    const int64_t floats = queries * (width + CK_ATTENTION_PARTITION);
    if (attention->keys.type != CK_I8) return floats;
    // Behind them, in bytes, what byte_attention.h needs for keys and queries, or for values and their weights.
    const int64_t keys = 16 * width + queries * 2 * CK_BYTE_WIDTH, values = CK_ATTENTION_PARTITION * (width + 2 * queries);
    return floats + ((keys > values ? keys : values) + 64) / (int64_t)sizeof(float);
}

void ck_attention_partition(const ck_attention_t *attention, const ck_attention_rows_t *rows, int64_t partition,
                            float *partial, float *scratch) {
    CK_DISPATCH(attention_partition, attention, rows, partition, partial, scratch);
}

void ck_attention_merge(const ck_attention_t *attention, const ck_attention_rows_t *rows, float *partials) {
    CK_DISPATCH(attention_merge, attention, rows, partials);
}

void ck_attention(const ck_attention_t *attention, const ck_attention_rows_t *rows, float *scratch) {
    CK_DISPATCH(attention, attention, rows, scratch);
}
