#include "all_dots.h"

static void L(linear)(const float *x, int64_t x_stride, int64_t tokens, int64_t k, const void *weight,
                      ck_type_t weight_type, const void *bias, ck_type_t bias_type, int64_t first, int64_t last,
                      float *y, int64_t y_stride) {
    const int64_t row_size = k * L(element_size)(weight_type);
    // Rows of weight that stay in the second-level cache while the rows of x pass by; one pass needs no such block.
    int64_t block = last - first;
    if (tokens > 1) {
        const int64_t fitting = (160 << 10) / (row_size > 0 ? row_size : 1) / 8 * 8;
        block = fitting < 8 ? 8 : fitting;
    }
    for (int64_t n = first; n < last; n += block) {
        const int64_t rows = last - n < block ? last - n : block;
        L(dots)(x, x_stride, tokens, (const char *)weight + n * row_size, weight_type, k, rows, k, NULL, y + n,
           y_stride);
        if (!bias) continue;
        for (int64_t t = 0; t < tokens; t++) {
            float *row = y + t * y_stride + n;
            for (int64_t r = 0; r < rows; r += CK_WIDTH) {
                VF sum = L(load)(row, CK_F32, r, rows) + L(load)(bias, bias_type, n + r, last);
                L(store)(row, CK_F32, r, rows, sum);
            }
        }
    }
}
