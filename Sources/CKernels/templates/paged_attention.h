// all_dots.h includes dots.h for each type; CK_WITH_TYPE adds the sums of values to each of those includes.
#define CK_WITH_TYPE "weighted_sums.h"
#include "all_dots.h"
#undef CK_WITH_TYPE
#include "cache.h"
#if CK_VNNI
#include "absmax.h"
#include "byte_attention.h"
#endif

static void L(weighted_sums)(const float *p, int64_t p_stride, const int64_t *counts, int64_t rows,
                             const void *const *v, const void *const *ahead, ck_type_t type, float *y, int64_t width) {
    switch (type) {
        case CK_F32: CK_CONCATENATE(weighted_sums_f32, CK_LEVEL)(p, p_stride, counts, rows, v, ahead, y, width); break;
        case CK_F16: CK_CONCATENATE(weighted_sums_f16, CK_LEVEL)(p, p_stride, counts, rows, v, ahead, y, width); break;
        case CK_BF16: CK_CONCATENATE(weighted_sums_bf16, CK_LEVEL)(p, p_stride, counts, rows, v, ahead, y, width); break;
        case CK_I8: CK_CONCATENATE(weighted_sums_i8, CK_LEVEL)(p, p_stride, counts, rows, v, ahead, y, width); break;
    }
}

CK_INLINE float L(exp_one)(float x) { return L(exp)(L(splat)(x))[0]; }

// The rows of a head from `position` on, up to `end` or to the end of the block; `scales` are theirs in i8.
typedef struct {
    const char *rows;
    const char *scales;
    int64_t count;
} L(run_t);

CK_INLINE L(run_t) L(run)(const ck_cache_t *cache, const ck_attention_rows_t *rows, int64_t position, int64_t end) {
    const int64_t offset = position % cache->block_size, left = cache->block_size - offset;
    const char *block = L(cache_block)(cache, rows->table[position / cache->block_size], rows->kv_head);
    return (L(run_t)){
        block + offset * cache->head_dim * L(element_size)(cache->type),
        block + cache->block_size * cache->head_dim + offset * (int64_t)sizeof(float),
        left < end - position ? left : end - position,
    };
}

// Where the rows from `first` on, up to `last`, start, and the last one again up to the end of a partition; with scales,
// theirs too.
CK_INLINE void L(rows_of)(const ck_cache_t *cache, const ck_attention_rows_t *rows, int64_t first, int64_t last,
                          const void **starts, float *scales) {
    const int64_t row_size = cache->head_dim * L(element_size)(cache->type);
    const char *row = NULL;
    for (int64_t j = first; j < last;) {
        const L(run_t) run = L(run)(cache, rows, j, last);
        for (int64_t i = 0; i < run.count; i++) starts[j - first + i] = row = run.rows + i * row_size;
        if (scales) memcpy(scales + j - first, run.scales, (size_t)run.count * sizeof(float));
        j += run.count;
    }
    for (int64_t j = last - first; j < CK_ATTENTION_PARTITION; j++) starts[j] = row;
}

// Turns `count` scores into exponentials relative to the largest of them, which it gives back with their sum, and then
// into the weights of values.
CK_INLINE void L(soften)(float *scores, int64_t count, float scale, const float *key_scales, const float *value_scales,
                         float *largest, float *total) {
    const int64_t end = (count + CK_WIDTH - 1) / CK_WIDTH * CK_WIDTH;
    for (int64_t j = 0; j < end; j += CK_WIDTH) {
        const VF factor = key_scales ? L(load_f32)(key_scales + j) : L(splat)(scale);
        L(store_f32)(scores + j, L(load_f32)(scores + j) * factor);
    }
    for (int64_t j = count; j < end; j++) scores[j] = -INFINITY;
    VF most = L(splat)(-INFINITY);
    for (int64_t j = 0; j < end; j += CK_WIDTH) most = L(max)(L(load_f32)(scores + j), most);
    *largest = L(largest)(most);
    VF sum = {0};
    for (int64_t j = 0; j < end; j += CK_WIDTH) {
        const VF e = L(exp)(L(load_f32)(scores + j) - *largest);
        L(store_f32)(scores + j, value_scales ? e * L(load_f32)(value_scales + j) : e);
        sum += e;
    }
    *total = L(sum)(sum);
}

// A partial result: sums [queries][head_dim], then the largest score and the total of each query, where query
// r * group + g is head g of the group in row r.
static void L(attention_partition)(const ck_attention_t *a, const ck_attention_rows_t *rows, int64_t partition,
                                   float *partial, float *scratch) {
    const int64_t width = a->keys.head_dim, group = a->heads / a->keys.kv_heads;
    const int64_t queries = rows->rows * group;
    const int64_t start = partition * CK_ATTENTION_PARTITION, context = rows->position + rows->rows;
    const int64_t end = start + CK_ATTENTION_PARTITION < context ? start + CK_ATTENTION_PARTITION : context;
    // Queries before this one stand before the partition and see none of it.
    const int64_t first = (start > rows->position ? start - rows->position : 0) * group, count = queries - first;
    float *sums = partial, *largest = sums + queries * width, *total = largest + queries;
    float *query = scratch, *scores = query + queries * width;
    for (int64_t r = first / group; r < rows->rows; r++) {
        const float *from = a->query + (rows->row + r) * a->query_stride + rows->kv_head * group * width;
        memcpy(query + r * group * width, from, (size_t)(group * width) * sizeof(float));
    }
    query += first * width;
    scores += first * CK_ATTENTION_PARTITION;

    // Where keys and values start, and the rows that come after them: a partition's values, and the next one's keys.
    const void *values[CK_ATTENTION_PARTITION], *ahead[CK_ATTENTION_PARTITION];
    const int64_t next = start + CK_ATTENTION_PARTITION;
    const int64_t next_end = next + CK_ATTENTION_PARTITION < context ? next + CK_ATTENTION_PARTITION : context;
    // In i8 the scales of keys and values go into the scores and the weights of values.
    const bool has_scales = a->keys.type == CK_I8;
    float scales[2][CK_ATTENTION_PARTITION] = {{0}};
    float *key_scales = has_scales ? scales[0] : NULL, *value_scales = has_scales ? scales[1] : NULL;
    L(rows_of)(&a->values, rows, start, end, values, value_scales);
#if CK_VNNI
    const bool by_bytes = has_scales && width % 64 == 0 && width <= CK_BYTE_WIDTH;
    char *bytes = (char *)(((uintptr_t)(scratch + queries * (width + CK_ATTENTION_PARTITION)) + 63) / 64 * 64);
    if (by_bytes) {
        const void *keys[CK_ATTENTION_PARTITION];
        L(rows_of)(&a->keys, rows, start, end, keys, key_scales);
        L(byte_scores)(query, count, keys, end - start, width, values, bytes, scores);
    }
#else
    const bool by_bytes = false;
#endif
    for (int64_t j = start; j < end && !by_bytes;) {
        const L(run_t) keys = L(run)(&a->keys, rows, j, end), fetched = L(run)(&a->values, rows, j, end);
        L(dots)(query, width, count, keys.rows, a->keys.type, width, keys.count, width, fetched.rows, scores + j - start,
                CK_ATTENTION_PARTITION);
        if (has_scales) memcpy(key_scales + j - start, keys.scales, (size_t)keys.count * sizeof(float));
        j += keys.count;
    }
    for (int64_t j = 0; j < CK_ATTENTION_PARTITION && has_scales; j++) key_scales[j] *= a->scale;
    int64_t seen[CK_QUERIES], counts[CK_QUERIES];
    for (int64_t q = 0; q < count; q++) {
        const int64_t own = rows->position + (first + q) / group + 1;
        seen[q] = (own < end ? own : end) - start;
        L(soften)(scores + q * CK_ATTENTION_PARTITION, seen[q], a->scale, key_scales, value_scales,
                  largest + first + q, total + first + q);
    }
    const bool has_next = next < next_end;
    if (has_next) L(rows_of)(&a->keys, rows, next, next_end, ahead, NULL);
    sums += first * width;
#if CK_VNNI
    if (by_bytes) {
        L(byte_sums)(scores, seen, count, values, end - start, width, has_next ? ahead : NULL, bytes, sums);
        return;
    }
#endif
    memset(sums, 0, (size_t)(count * width) * sizeof(float));
    for (int64_t chunk = 0; chunk < end - start; chunk += CK_CHUNK) {
        const int64_t left = end - start - chunk, keys = left < CK_CHUNK ? left : CK_CHUNK;
        for (int64_t q = 0; q < count; q++) {
            const int64_t own = seen[q] - chunk;
            counts[q] = own < 0 ? 0 : own < keys ? own : keys;
        }
        L(weighted_sums)(scores + chunk, CK_ATTENTION_PARTITION, counts, count, values + chunk,
                         has_next ? ahead + chunk : NULL, a->values.type, sums, width);
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
