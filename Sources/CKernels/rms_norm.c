#define CK_KERNEL "rms_norm_rows.h"
#include "templates/each_level.h"

void ck_rms_norm(const float *x, int64_t x_stride, int64_t rows, int64_t width, const void *weight,
                 ck_type_t weight_type, float epsilon, float *y, int64_t y_stride) {
    CK_DISPATCH(rms_norm, x, x_stride, rows, width, weight, weight_type, epsilon, y, y_stride);
}

void ck_add_rms_norm(const float *x, const float *residual, int64_t rows, int64_t width, const void *weight,
                     ck_type_t weight_type, float epsilon, float *sum, float *y) {
    CK_DISPATCH(add_rms_norm, x, residual, rows, width, weight, weight_type, epsilon, sum, y);
}
