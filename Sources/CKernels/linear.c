#define CK_KERNEL "linear.h"
#include "templates/each_level.h"

void ck_linear(const float *x, int64_t x_stride, int64_t tokens, int64_t k, const void *weight, ck_type_t weight_type,
               const void *bias, ck_type_t bias_type, int64_t first, int64_t last, float *y, int64_t y_stride) {
    CK_DISPATCH(linear, x, x_stride, tokens, k, weight, weight_type, bias, bias_type, first, last, y, y_stride);
}
