#include "absmax.h"
#include "cache.h"
#include "rms_norm.h"
#include "rotary.h"

CK_INLINE void L(write_row)(const float *x, const ck_cache_t *cache, int64_t slot, int64_t head) {
    const int64_t width = cache->head_dim, offset = slot % cache->block_size;
    char *block = L(cache_block)(cache, slot / cache->block_size, head);
    char *row = block + offset * width * L(element_size)(cache->type);
    if (cache->type == CK_I8) {
        VF inverse;
        const float scale = L(absmax)(x, width, 127, &inverse);
        memcpy(block + cache->block_size * width + offset * (int64_t)sizeof scale, &scale, sizeof scale);
        for (int64_t i = 0; i < width; i += CK_WIDTH) {
            L(store)(row, CK_I8, i, width, L(load)(x, CK_F32, i, width) * inverse);
        }
        return;
    }
    for (int64_t i = 0; i < width; i += CK_WIDTH) {
        L(store)(row, cache->type, i, width, L(load)(x, CK_F32, i, width));
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
