// L(dots): the dot products of dots.h for all element types; a template may have another one included with each type by
// naming it in CK_WITH_TYPE.

#define CK_TYPE f32
#define CK_ELEMENT float
#include "dots.h"
#ifdef CK_WITH_TYPE
#include CK_WITH_TYPE
#endif
#undef CK_TYPE
#undef CK_ELEMENT

#define CK_TYPE f16
#define CK_ELEMENT uint16_t
#include "dots.h"
#ifdef CK_WITH_TYPE
#include CK_WITH_TYPE
#endif
#undef CK_TYPE

#define CK_TYPE bf16
#include "dots.h"
#ifdef CK_WITH_TYPE
#include CK_WITH_TYPE
#endif
#undef CK_TYPE
#undef CK_ELEMENT

#define CK_TYPE i8
#define CK_ELEMENT int8_t
#include "dots.h"
#ifdef CK_WITH_TYPE
#include CK_WITH_TYPE
#endif
#undef CK_TYPE
#undef CK_ELEMENT

// y[t][r] = sum over i of x[t][i] * w[r][i]; w points to elements of `type`, rows w_stride elements apart. `ahead`, if not
// null, is what will be needed next: as large as w, in the same form.
static void L(dots)(const float *x, int64_t x_stride, int64_t tokens, const void *w, ck_type_t type,
                    int64_t w_stride, int64_t rows, int64_t k, const void *ahead, float *y, int64_t y_stride) {
    switch (type) {
        case CK_F32: CK_CONCATENATE(dots_f32, CK_LEVEL)(x, x_stride, tokens, w, w_stride, rows, k, ahead, y, y_stride); break;
        case CK_F16: CK_CONCATENATE(dots_f16, CK_LEVEL)(x, x_stride, tokens, w, w_stride, rows, k, ahead, y, y_stride); break;
        case CK_BF16: CK_CONCATENATE(dots_bf16, CK_LEVEL)(x, x_stride, tokens, w, w_stride, rows, k, ahead, y, y_stride); break;
        case CK_I8: CK_CONCATENATE(dots_i8, CK_LEVEL)(x, x_stride, tokens, w, w_stride, rows, k, ahead, y, y_stride); break;
    }
}
