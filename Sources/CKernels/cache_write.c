#define CK_KERNEL "cache_write.h"
#include "templates/each_level.h"

void ck_cache_write(const float *x, int64_t x_stride, const int32_t *slots, int64_t tokens, const ck_cache_t *cache) {
    CK_DISPATCH(cache_write, x, x_stride, slots, tokens, cache);
}

void ck_rotary_cache_write(const ck_rotary_cache_write_t *step, int64_t first, int64_t last) {
    CK_DISPATCH(rotary_cache_write, step, first, last);
}
