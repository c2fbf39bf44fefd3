#include "rms_norm.h"
#include "rotary.h"

// Where a head's row of a slot starts.
CK_INLINE void *L(slot_row)(const ck_cache_t *cache, int64_t slot, int64_t head) {
    const int64_t block = slot / cache->block_size, offset = slot % cache->block_size;
    const int64_t row = (block * cache->kv_heads + head) * cache->block_size + offset;
    return (char *)cache->elements + row * cache->head_dim * (cache->type == CK_F32 ? 4 : 2);
}

CK_INLINE void L(write_row)(const float *x, const ck_cache_t *cache, int64_t slot, int64_t head) {
    void *row = L(slot_row)(cache, slot, head);
    for (int64_t i = 0; i < cache->head_dim; i += CK_WIDTH) {
        L(store)(row, cache->type, i, cache->head_dim, L(load)(x, CK_F32, i, cache->head_dim));
    }
}

static void L(cache_write)(const float *x, int64_t x_stride, const int32_t *slots, int64_t tokens,
                           const ck_cache_t *cache) {
    for (int64_t t = 0; t < tokens; t++) {
        if (slots[t] < 0) continue;
        for (int64_t head = 0; head < cache->kv_heads; head++) {
            L(write_row)(x + t * x_stride + head * cache->head_dim, cache, slots[t], head);
        }
    }
}

// rotary(norm(x)) of one head into y.
CK_INLINE void L(norm_and_turn)(const ck_rotary_cache_write_t *step, const float *x, const void *norm, int64_t token,
                                float *y) {
    const int64_t width = step->keys.head_dim, half = width / 2;
    if (norm) {
        L(norm_row)(x, width, norm, step->norm_type, step->epsilon, y);
        x = y;
    }
    L(turn)(x, half, step->cosine + token * half, step->sine + token * half, y);
}

static void L(rotary_cache_write)(const ck_rotary_cache_write_t *step, int64_t first, int64_t last) {
    const int64_t width = step->keys.head_dim, kv_heads = step->keys.kv_heads;
    for (int64_t t = first; t < last; t++) {
        const float *queries = step->qkv + t * step->qkv_stride;
        const float *keys = queries + step->heads * width, *values = keys + kv_heads * width;
        float *query = step->query + t * step->query_stride;
        // The first head of the query is the place where keys are turned before it holds the query itself.
        for (int64_t head = 0; head < kv_heads && step->slots[t] >= 0; head++) {
            L(norm_and_turn)(step, keys + head * width, step->key_norm, t, query);
            L(write_row)(query, &step->keys, step->slots[t], head);
            L(write_row)(values + head * width, &step->values, step->slots[t], head);
        }
        for (int64_t head = 0; head < step->heads; head++) {
            L(norm_and_turn)(step, queries + head * width, step->query_norm, t, query + head * width);
        }
    }
}
