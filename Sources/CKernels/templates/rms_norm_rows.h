#include "rms_norm.h"

static void L(rms_norm)(const float *x, int64_t x_stride, int64_t rows, int64_t width, const void *weight,
                        ck_type_t weight_type, float epsilon, float *y, int64_t y_stride) {
    for (int64_t row = 0; row < rows; row++) {
        L(norm_row)(x + row * x_stride, width, weight, weight_type, epsilon, y + row * y_stride);
    }
}

static void L(add_rms_norm)(const float *x, const float *residual, int64_t rows, int64_t width, const void *weight,
                            ck_type_t weight_type, float epsilon, float *sum, float *y) {
    for (int64_t start = 0; start < rows * width; start += width) {
        for (int64_t i = 0; i < width; i += CK_WIDTH) {
            VF v = L(load)(x + start, CK_F32, i, width) + L(load)(residual + start, CK_F32, i, width);
            L(store)(sum + start, CK_F32, i, width, v);
        }
        L(norm_row)(sum + start, width, weight, weight_type, epsilon, y + start);
    }
}
