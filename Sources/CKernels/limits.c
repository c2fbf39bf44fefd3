#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CK_DOTS
#define CK_KERNEL "limits.h"
#define CK_AMX_KERNEL "tile_limits.h"
#include "templates/each_level.h"

uint64_t ck_read(const void *bytes, int64_t size) { CK_DISPATCH(read, bytes, size); }

int64_t ck_peak(ck_peak_t kind, int64_t rounds) {
    switch (kind) {
        case CK_PEAK_INT8: CK_DISPATCH(peak_int8, rounds);
        case CK_PEAK_BF16: CK_DISPATCH(peak_bf16, rounds);
        case CK_PEAK_F32: CK_DISPATCH(peak_f32, rounds);
    }
    return 0;
}
