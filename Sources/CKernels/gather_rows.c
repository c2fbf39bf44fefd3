#define CK_KERNEL "convert.h"
#include "templates/each_level.h"

void ck_gather_rows(const int32_t *indices, int64_t count, const void *table, ck_type_t type, int64_t width,
                    float *y) {
    CK_DISPATCH(gather_rows, indices, count, table, type, width, y);
}

void ck_to_float(const void *x, ck_type_t type, int64_t count, float *y) {
    CK_DISPATCH(to_float, x, type, count, y);
}

void ck_from_float(const float *x, int64_t count, ck_type_t type, void *y) {
    CK_DISPATCH(from_float, x, count, type, y);
}
