#define CK_KERNEL "softmax.h"
#include "templates/each_level.h"

void ck_softmax(const float *x, int64_t rows, int64_t width, float *y) { CK_DISPATCH(softmax, x, rows, width, y); }
