// all_dots.h includes dots.h for each type; CK_WITH_TYPE adds the sums of values to each of those includes.
#define CK_WITH_TYPE "weighted_sums.h"
#include "all_dots.h"
#undef CK_WITH_TYPE

static void L(weighted_sums)(const float *p, int64_t p_stride, const int64_t *counts, int64_t rows,
                             const void *const *v, ck_type_t type, float *y, int64_t width) {
    switch (type) {
        case CK_F32: CK_CONCATENATE(weighted_sums_f32, CK_LEVEL)(p, p_stride, counts, rows, v, y, width); break;
        case CK_F16: CK_CONCATENATE(weighted_sums_f16, CK_LEVEL)(p, p_stride, counts, rows, v, y, width); break;
        case CK_BF16: CK_CONCATENATE(weighted_sums_bf16, CK_LEVEL)(p, p_stride, counts, rows, v, y, width); break;
    }
}

CK_INLINE float L(exp_one)(float x) { return L(exp)(L(splat)(x))[0]; }

// The row of head `head` of the token at `position` of a sequence.
CK_INLINE const void *L(cached_row)(const ck_cache_t *cache, const int32_t *table, int64_t head, int64_t position) {
    const int64_t row = ((int64_t)table[position / cache->block_size] * cache->kv_heads + head) * cache->block_size +
                        position % cache->block_size;
    return (const char *)cache->elements + row * cache->head_dim * (int64_t)L(element_size)(cache->type);
}

// Turns `count` scores into exponentials relative to the largest so far and takes them into the query's state.
CK_INLINE void L(soften)(float *scores, int64_t count, float scale, float *largest, float *total, float *sums,
                         int64_t width) {
    VF most = L(splat)(-INFINITY);
    for (int64_t j = 0; j < CK_CHUNK; j += CK_WIDTH) L(store_f32)(scores + j, L(load_f32)(scores + j) * scale);
    for (int64_t j = count; j < CK_CHUNK; j++) scores[j] = -INFINITY;
    for (int64_t j = 0; j < CK_CHUNK; j += CK_WIDTH) most = L(max)(L(load_f32)(scores + j), most);
    const float chunk_largest = L(largest)(most);
    const float new_largest = chunk_largest > *largest ? chunk_largest : *largest;
    VF sum = {0};
    for (int64_t j = 0; j < CK_CHUNK; j += CK_WIDTH) {
        VF e = L(exp)(L(load_f32)(scores + j) - new_largest);
        L(store_f32)(scores + j, e);
        sum += e;
    }
    const float correction = L(exp_one)(*largest - new_largest);
    *total = *total * correction + L(sum)(sum);
    *largest = new_largest;
    if (correction == 1) return;
    for (int64_t d = 0; d < width; d += CK_WIDTH) {
        L(store)(sums, CK_F32, d, width, L(load)(sums, CK_F32, d, width) * correction);
    }
}

// A partial result: sums [queries][head_dim], then the largest score and the total of each query, where query
// r * group + g is head g of the group in row r.
static void L(attention_partition)(const ck_attention_t *a, const ck_attention_rows_t *rows, int64_t partition,
                                   float *partial, float *scratch) {
    const int64_t width = a->keys.head_dim, group = a->heads / a->keys.kv_heads;
    const int64_t queries = rows->rows * group;
    float *sums = partial, *largest = sums + queries * width, *total = largest + queries;
    float *query = scratch, *scores = query + queries * width;
    for (int64_t r = 0; r < rows->rows; r++) {
        const float *from = a->query + (rows->row + r) * a->query_stride + rows->kv_head * group * width;
        memcpy(query + r * group * width, from, (size_t)(group * width) * sizeof(float));
    }
    const int64_t start = partition * CK_ATTENTION_PARTITION, context = rows->position + rows->rows;
    const int64_t end = start + CK_ATTENTION_PARTITION < context ? start + CK_ATTENTION_PARTITION : context;
    for (int64_t q = 0; q < queries; q++) {
        if (rows->position + q / group < start) continue;
        memset(sums + q * width, 0, (size_t)width * sizeof(float));
        largest[q] = -INFINITY;
        total[q] = 0;
    }
    for (int64_t chunk = start; chunk < end; chunk += CK_CHUNK) {
        const int64_t keys = end - chunk < CK_CHUNK ? end - chunk : CK_CHUNK;
        // Queries before this one stand before the chunk and see none of it.
        const int64_t first = (chunk > rows->position ? chunk - rows->position : 0) * group;
        for (int64_t j = 0; j < keys;) {
            const int64_t in_block = a->keys.block_size - (chunk + j) % a->keys.block_size;
            const int64_t run = in_block < keys - j ? in_block : keys - j;
            const void *row = L(cached_row)(&a->keys, rows->table, rows->kv_head, chunk + j);
            L(dots)(query + first * width, width, queries - first, row, a->keys.type, width, run, width,
                    scores + first * CK_CHUNK + j, CK_CHUNK);
            j += run;
        }
        const void *values[CK_CHUNK];
        for (int64_t j = 0; j < keys; j++) {
            values[j] = L(cached_row)(&a->values, rows->table, rows->kv_head, chunk + j);
        }
        int64_t counts[CK_QUERIES];
        for (int64_t q = first; q < queries; q++) {
            const int64_t seen = rows->position + q / group + 1 - chunk;
            counts[q] = seen < keys ? seen : keys;
            L(soften)(scores + q * CK_CHUNK, counts[q], a->scale, largest + q, total + q, sums + q * width, width);
        }
        L(weighted_sums)(scores + first * CK_CHUNK, CK_CHUNK, counts + first, queries - first, values,
                         a->values.type, sums + first * width, width);
    }
}

// Takes partition `partition` into the partial result of those before it, for the rows that see it.
static void L(combine)(const ck_attention_t *a, const ck_attention_rows_t *rows, int64_t partition, float *partial,
                       const float *next) {
    const int64_t width = a->keys.head_dim, group = a->heads / a->keys.kv_heads;
    const int64_t queries = rows->rows * group;
    for (int64_t q = 0; q < queries; q++) {
        if (rows->position + q / group < partition * CK_ATTENTION_PARTITION) continue;
        float *largest = partial + queries * width + q, *total = largest + queries;
        const float *next_largest = next + queries * width + q, *next_total = next_largest + queries;
        const float most = *largest > *next_largest ? *largest : *next_largest;
        const float keep = L(exp_one)(*largest - most), take = L(exp_one)(*next_largest - most);
        *total = *total * keep + *next_total * take;
        *largest = most;
        float *sums = partial + q * width;
        for (int64_t d = 0; d < width; d += CK_WIDTH) {
            VF sum = L(load)(sums, CK_F32, d, width) * keep;
            sum = L(fma)(L(load)(next + q * width, CK_F32, d, width), L(splat)(take), sum);
            L(store)(sums, CK_F32, d, width, sum);
        }
    }
}

static void L(write_output)(const ck_attention_t *a, const ck_attention_rows_t *rows, const float *partial) {
    const int64_t width = a->keys.head_dim, group = a->heads / a->keys.kv_heads;
    const int64_t queries = rows->rows * group;
    for (int64_t q = 0; q < queries; q++) {
        const float scale = 1.0f / partial[queries * width + queries + q];
        float *output = a->output + (rows->row + q / group) * a->output_stride +
                        (rows->kv_head * group + q % group) * width;
        for (int64_t d = 0; d < width; d += CK_WIDTH) {
            L(store)(output, CK_F32, d, width, L(load)(partial + q * width, CK_F32, d, width) * scale);
        }
    }
}

static void L(attention_merge)(const ck_attention_t *a, const ck_attention_rows_t *rows, float *partials) {
    const int64_t count = ck_attention_partial_count(a, rows->rows);
    const int64_t last = (rows->position + rows->rows - 1) / CK_ATTENTION_PARTITION;
    for (int64_t partition = 1; partition <= last; partition++) {
        L(combine)(a, rows, partition, partials, partials + partition * count);
    }
    L(write_output)(a, rows, partials);
}

static void L(attention)(const ck_attention_t *a, const ck_attention_rows_t *rows, float *scratch) {
    const int64_t count = ck_attention_partial_count(a, rows->rows);
    const int64_t last = (rows->position + rows->rows - 1) / CK_ATTENTION_PARTITION;
    float *partial = scratch, *next = partial + count;
    scratch = next + count;
    L(attention_partition)(a, rows, 0, partial, scratch);
    for (int64_t partition = 1; partition <= last; partition++) {
        L(attention_partition)(a, rows, partition, next, scratch);
        L(combine)(a, rows, partition, partial, next);
    }
    L(write_output)(a, rows, partial);
}
