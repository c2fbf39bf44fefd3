#include "rotary.h"

static void L(rotary)(const float *x, int64_t x_stride, int64_t tokens, int64_t heads, int64_t half,
                      const float *cosine, const float *sine, float *y, int64_t y_stride) {
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t head = 0; head < heads; head++) {
            const int64_t start = head * 2 * half;
            L(turn)(x + t * x_stride + start, half, cosine + t * half, sine + t * half, y + t * y_stride + start);
        }
    }
}
