#define CK_KERNEL "elementwise.h"
#include "templates/each_level.h"

void ck_swiglu(const float *gate, int64_t gate_stride, const float *up, int64_t up_stride, int64_t rows,
               int64_t width, float *y, int64_t y_stride) {
    CK_DISPATCH(swiglu, gate, gate_stride, up, up_stride, rows, width, y, y_stride);
}

void ck_silu(const float *x, int64_t count, float *y) { CK_DISPATCH(silu, x, count, y); }
void ck_exp(const float *x, int64_t count, float *y) { CK_DISPATCH(exponential, x, count, y); }

void ck_add(const float *x, const float *y, int64_t count, float *z) { CK_DISPATCH(add, x, y, count, z); }
void ck_subtract(const float *x, const float *y, int64_t count, float *z) { CK_DISPATCH(subtract, x, y, count, z); }
void ck_multiply(const float *x, const float *y, int64_t count, float *z) { CK_DISPATCH(multiply, x, y, count, z); }
void ck_divide(const float *x, const float *y, int64_t count, float *z) { CK_DISPATCH(divide, x, y, count, z); }
