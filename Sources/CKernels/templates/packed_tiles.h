// Products of packed rows with panels of weights by the processor's tiles, beside packed_linear.h's of the level below.
//
// A panel's steps are what the processor wants of a tile's other side already. Sums of int8 and int4 are exact within a
// group and are scaled as vectors do it: the bits are those of the other levels, so few rows may be left to vectors.
// Tiles add the numbers of bf16 in an order of their own: there they do all products, of one row too.
//
// Rows are packed in blocks, in which each CK_TILE_BYTES of all rows follow one another. A block is one tile of rows,
// or two, whose second ends with the last row and so may share some with the first.

#include "bytes.h"
#include "tiles.h"

#ifndef CK_BLOCK
#define CK_BLOCK
enum {
    CK_BLOCK_ROWS = 2 * CK_TILE_ROWS,
    CK_FEWEST_ROWS = 8,  // of int8 and int4; with fewer, vectors are faster
    CK_LARGEST_GROUP = 256,
    CK_CACHED_BYTES = 1 << 20,  // of panels: a part of the second-level cache
    CK_AHEAD_BYTES = 1 << 14,
};

// Adds the products of CK_TILE_BYTES of a block's rows and a panel's.
#define CK_MULTIPLY(multiply, rows, second, panel)                                    \
    {                                                                                 \
        _tile_loadd(CK_ROWS_0, rows, CK_TILE_BYTES);                                  \
        _tile_loadd(CK_WEIGHTS_0, panel, 4 * CK_PANEL);                               \
        _tile_loadd(CK_WEIGHTS_1, (panel) + CK_TILE_BYTES, 4 * CK_PANEL);             \
        multiply(CK_SUM_00, CK_ROWS_0, CK_WEIGHTS_0);                                 \
        multiply(CK_SUM_01, CK_ROWS_0, CK_WEIGHTS_1);                                 \
        if (second) {                                                                 \
            _tile_loadd(CK_ROWS_1, (rows) + (second) * CK_TILE_BYTES, CK_TILE_BYTES); \
            multiply(CK_SUM_10, CK_ROWS_1, CK_WEIGHTS_0);                             \
            multiply(CK_SUM_11, CK_ROWS_1, CK_WEIGHTS_1);                             \
        }                                                                             \
    }
#endif

static bool L(is_tiled)(const ck_packed_t *weight, int64_t tokens) {
    if (weight->packing == CK_PACKED_BF16) return true;
    return tokens >= CK_FEWEST_ROWS && weight->group % CK_TILE_BYTES == 0 && weight->group <= CK_LARGEST_GROUP;
}

static int64_t L(packed_tile)(const ck_packed_t *weight, int64_t tokens) {
    if (!L(is_tiled)(weight, tokens)) return packed_tile_bf16(weight, tokens);
    const int64_t blocks = (tokens + CK_BLOCK_ROWS - 1) / CK_BLOCK_ROWS;
    return blocks > 0 ? (tokens + blocks - 1) / blocks : 1;
}

static int64_t L(packed_row_size)(const ck_packed_t *weight) {
    if (weight->packing != CK_PACKED_BF16) return packed_row_size_bf16(weight);
    return (2 * weight->k + CK_TILE_BYTES - 1) / CK_TILE_BYTES * CK_TILE_BYTES;
}

// The row at which a block's second tile starts, or 0 where it has one alone.
CK_INLINE int64_t L(second_tile)(int64_t count) { return count > CK_TILE_ROWS ? count - CK_TILE_ROWS : 0; }

// The first block of rows meets weights that come from memory, and asks for those to come.
CK_INLINE void L(fetch)(const uint8_t *weights, int64_t size) {
    for (int64_t i = 0; i < size; i += 64) __builtin_prefetch(weights + CK_AHEAD_BYTES + i, 0, 2);
}

// Stores the sums of a block and a panel, [count][CK_PANEL].
CK_INLINE void L(store_sums_of_tiles)(int64_t second, void *sums) {
    uint8_t *to = sums;
    _tile_stored(CK_SUM_00, to, 4 * CK_PANEL);
    _tile_stored(CK_SUM_01, to + CK_TILE_BYTES, 4 * CK_PANEL);
    if (!second) return;
    to += second * 4 * CK_PANEL;
    _tile_stored(CK_SUM_10, to, 4 * CK_PANEL);
    _tile_stored(CK_SUM_11, to + CK_TILE_BYTES, 4 * CK_PANEL);
}

static void L(bf16_block)(const ck_packed_t *weight, const uint8_t *panel, const uint8_t *rows, int64_t count,
                          bool is_first, float *sums) {
    const int64_t second = L(second_tile)(count);
    int64_t left = (weight->k + 1) / 2;
    L(clear_sums)();
    for (; left >= CK_TILE_ROWS; left -= CK_TILE_ROWS) {
        if (is_first) L(fetch)(panel, CK_TILE_BYTES * CK_PANEL);
        CK_MULTIPLY(_tile_dpbf16ps, rows, second, panel)
        panel += CK_TILE_BYTES * CK_PANEL;
        rows += CK_TILE_BYTES * count;
    }
    if (left > 0) {
        uint8_t rest[CK_TILE_BYTES * CK_PANEL] = {0};
        __builtin_memcpy(rest, panel, (size_t)(4 * CK_PANEL * left));
        CK_MULTIPLY(_tile_dpbf16ps, rows, second, rest)
    }
    L(store_sums_of_tiles)(second, sums);
}

// Adds the exact sums of a group, scaled; its scales stand ahead of weights, and ahead of rows after the corrections.
CK_INLINE void L(scale_group)(const uint8_t *weights, const uint8_t *rows, int64_t count, const int32_t *exact,
                              float *sums) {
    const VF s_0 = L(load_f16)((const uint16_t *)weights), s_1 = L(load_f16)((const uint16_t *)weights + CK_WIDTH);
    for (int64_t row = 0; row < count; row++, rows += 4, exact += CK_PANEL, sums += CK_PANEL) {
        const VI correction = L(splat_bytes)(rows), i_0 = (VI)L(load_bytes)((const uint8_t *)exact) + correction;
        const VI i_1 = (VI)L(load_bytes)((const uint8_t *)(exact + CK_WIDTH)) + correction;
        const VF scale = (VF)L(splat_bytes)(rows + 4 * count);
        const VF f_0 = L(load_f32)(sums), f_1 = L(load_f32)(sums + CK_WIDTH);
        L(store_f32)(sums, L(fma)(__builtin_convertvector(i_0, VF), s_0 * scale, f_0));
        L(store_f32)(sums + CK_WIDTH, L(fma)(__builtin_convertvector(i_1, VF), s_1 * scale, f_1));
    }
}

// The int8 form of a group of int4.
static void L(unpack)(const uint8_t *from, int64_t group, uint8_t *to) {
    for (const uint8_t *end = from + group / 2 * CK_PANEL; from < end; from += 4 * CK_PANEL, to += 8 * CK_PANEL) {
        for (int part = 0; part < 4 * CK_PANEL; part += 4 * CK_WIDTH) {
            const VB both = L(load_bytes)(from + part);
            const VB low = both & 15, high = (VB)((VU)both >> 4) & 15;
            __builtin_memcpy(to + part, &low, sizeof low);
            __builtin_memcpy(to + 4 * CK_PANEL + part, &high, sizeof high);
        }
    }
}

// While tiles multiply one group, vectors scale the one before.
static void L(group_block)(const ck_packed_t *weight, const uint8_t *panel, const uint8_t *rows, int64_t count,
                           bool is_first, float *sums) {
    const bool is_int4 = weight->packing == CK_PACKED_INT4;
    const int64_t group = weight->group, groups = (weight->k + group - 1) / group, second = L(second_tile)(count);
    const int64_t weights_size = (2 + (is_int4 ? group / 2 : group)) * CK_PANEL, rows_size = (8 + group) * count;
    _Alignas(64) int32_t exact[CK_BLOCK_ROWS * CK_PANEL];
    _Alignas(64) uint8_t unpacked[CK_LARGEST_GROUP * CK_PANEL];
    memset(sums, 0, (size_t)(count * CK_PANEL) * sizeof *sums);
    for (int64_t g = 0; g <= groups; g++, panel += weights_size, rows += rows_size) {
        if (g < groups) {
            const uint8_t *weights = panel + 2 * CK_PANEL, *q = rows + 8 * count;
            if (is_int4) {
                L(unpack)(weights, group, unpacked);
                weights = unpacked;
            }
            if (is_first) L(fetch)(panel, weights_size);
            L(clear_sums)();
            for (int64_t i = 0; i < group; i += CK_TILE_BYTES) {
                CK_MULTIPLY(_tile_dpbsud, q + i * count, second, weights + i * CK_PANEL)
            }
        }
        if (g > 0) L(scale_group)(panel - weights_size, rows - rows_size, count, exact, sums);
        if (g < groups) L(store_sums_of_tiles)(second, exact);
    }
}

CK_INLINE void L(tiled_products)(const ck_packed_t *weight, const void *packed, int64_t tokens, const void *bias,
                                 ck_type_t bias_type, bool gated, int64_t first, int64_t last, float *y,
                                 int64_t y_stride) {
    if (!L(is_tiled)(weight, tokens)) {
        return packed_products_bf16(weight, packed, tokens, bias, bias_type, gated, first, last, y, y_stride);
    }
    const int64_t row_size = L(packed_row_size)(weight), block = L(packed_tile)(weight, tokens);
    const int64_t panel_size = ck_packed_panel_size(weight);
    _Alignas(64) float sums[CK_BLOCK_ROWS * CK_PANEL];
    // Panels that stay in the cache while all rows pass.
    const int64_t some = panel_size < CK_CACHED_BYTES ? CK_CACHED_BYTES / panel_size : 1;
    for (int64_t start = first; start < last; start += some) {
        const int64_t end = start + some < last ? start + some : last;
        for (int64_t t = 0; t < tokens; t += block) {
            const uint8_t *rows = (const uint8_t *)packed + t * row_size;
            const int64_t count = tokens - t < block ? tokens - t : block;
            L(configure_tiles)(count < CK_TILE_ROWS ? count : CK_TILE_ROWS);
            for (int64_t p = start; p < end; p++) {
                const uint8_t *panel = (const uint8_t *)weight->panels + p * panel_size;
                if (weight->packing == CK_PACKED_BF16) L(bf16_block)(weight, panel, rows, count, t == 0, sums);
                else L(group_block)(weight, panel, rows, count, t == 0, sums);
                finish_bf16(weight, p, sums, count, bias, bias_type, gated, y + t * y_stride, y_stride);
            }
        }
    }
    _tile_release();
}

static void L(packed_linear)(const ck_packed_t *weight, const void *packed, int64_t tokens, const void *bias,
                             ck_type_t bias_type, int64_t first, int64_t last, float *y, int64_t y_stride) {
    L(tiled_products)(weight, packed, tokens, bias, bias_type, false, first, last, y, y_stride);
}

static void L(packed_swiglu)(const ck_packed_t *weight, const void *packed, int64_t tokens, int64_t first, int64_t last,
                             float *y, int64_t y_stride) {
    L(tiled_products)(weight, packed, tokens, NULL, CK_F32, true, first, last, y, y_stride);
}

// The numbers of a tile's row, 0 after the `left` that there are.
CK_INLINE void L(round_bf16)(const float *from, int64_t left, uint16_t *to) {
    L(store_bf16)(to, L(load)(from, CK_F32, 0, left));
    L(store_bf16)(to + CK_WIDTH, left > CK_WIDTH ? L(load)(from, CK_F32, CK_WIDTH, left) : (VF){0});
}

static void L(pack_rows)(const float *x, int64_t x_stride, int64_t tokens, const ck_packed_t *weight, int64_t first,
                         int64_t last, void *packed) {
    if (!L(is_tiled)(weight, tokens)) return pack_rows_bf16(x, x_stride, tokens, weight, first, last, packed);
    const int64_t row_size = L(packed_row_size)(weight), block = L(packed_tile)(weight, tokens), k = weight->k;
    const bool is_bf16 = weight->packing == CK_PACKED_BF16;
    const int64_t group = is_bf16 ? CK_TILE_BYTES / 2 : weight->group;
    const int64_t group_size = is_bf16 ? CK_TILE_BYTES : 8 + group;
    const int32_t offset = weight->packing == CK_PACKED_INT8 ? 128 : 8;
    for (int64_t start = first; start < last; start += block) {
        const int64_t count = tokens - start < block ? tokens - start : block;
        uint8_t *to = (uint8_t *)packed + start * row_size;
        for (int64_t i = 0; i < k; i += group, to += group_size * count) {
            for (int64_t row = 0; row < count; row++) {
                const float *from = x + (start + row) * x_stride + i;
                if (is_bf16) L(round_bf16)(from, k - i, (uint16_t *)(to + CK_TILE_BYTES * row));
                else pack_group_bf16(from, k - i, group, offset, CK_TILE_BYTES, row, count, to);
            }
        }
    }
}
