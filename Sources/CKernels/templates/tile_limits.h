// The loops of limits.c with tiles, beside those of the level below.

#include "tiles.h"

static uint64_t L(read)(const void *bytes, int64_t size) { return read_bf16(bytes, size); }

static int64_t L(peak_f32)(int64_t rounds) { return peak_f32_bf16(rounds); }

#define CK_TILE_PEAK(name, multiply, operations)                        \
    static int64_t L(name)(int64_t rounds) {                            \
        const int64_t passes = rounds * (1 << 20) / (4 * operations);   \
        L(configure_tiles)(CK_TILE_ROWS);                               \
        L(clear_sums)();                                                \
        _tile_zero(CK_ROWS_0);                                          \
        _tile_zero(CK_ROWS_1);                                          \
        _tile_zero(CK_WEIGHTS_0);                                       \
        _tile_zero(CK_WEIGHTS_1);                                       \
        for (int64_t pass = 0; pass < passes; pass++) {                 \
            multiply(CK_SUM_00, CK_ROWS_0, CK_WEIGHTS_0);               \
            multiply(CK_SUM_01, CK_ROWS_0, CK_WEIGHTS_1);               \
            multiply(CK_SUM_10, CK_ROWS_1, CK_WEIGHTS_0);               \
            multiply(CK_SUM_11, CK_ROWS_1, CK_WEIGHTS_1);               \
        }                                                               \
        _tile_release();                                                \
        return passes * 4 * operations;                                 \
    }

CK_TILE_PEAK(peak_int8, _tile_dpbsud, 2 * 16 * 16 * 64)
CK_TILE_PEAK(peak_bf16, _tile_dpbf16ps, 2 * 16 * 16 * 32)
