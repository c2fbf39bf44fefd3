#define CK_KERNEL "rotary_rows.h"
#include "templates/each_level.h"

void ck_rotary_table(const int32_t *positions, int64_t tokens, const float *inverse_frequencies, int64_t half,
                     float scale, float *cosine, float *sine) {
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t i = 0; i < half; i++) {
            const float angle = (float)positions[t] * inverse_frequencies[i];
            cosine[t * half + i] = cosf(angle) * scale;
            sine[t * half + i] = sinf(angle) * scale;
        }
    }
}

void ck_rotary(const float *x, int64_t x_stride, int64_t tokens, int64_t heads, int64_t half, const float *cosine,
               const float *sine, float *y, int64_t y_stride) {
    CK_DISPATCH(rotary, x, x_stride, tokens, heads, half, cosine, sine, y, y_stride);
}
