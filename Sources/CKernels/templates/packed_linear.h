// Products of packed rows with panels of weights, for all three packings; see ck_kernels.h for the layouts.
//
// A panel is worked on in parts of two vectors of features, for T rows of x at once, so that all sums and the weights of
// a step stay in registers. Sums of int8 and int4 are exact within a group and groups are added in order; those of bf16
// go through k in order: a row's bits do not depend on T. Sums are scalars by name, since clang keeps arrays of vectors
// on the stack.

#include "absmax.h"
#include "bytes.h"

#ifndef CK_PACKED_TILES
#define CK_PACKED_TILES
#define CK_EACH_1(M) M(0)
#define CK_EACH_2(M) CK_EACH_1(M) M(1)
#define CK_EACH_3(M) CK_EACH_2(M) M(2)
#define CK_EACH_4(M) CK_EACH_3(M) M(3)
#define CK_EACH_5(M) CK_EACH_4(M) M(4)
#define CK_EACH_6(M) CK_EACH_5(M) M(5)

#define CK_SUMS(t) VF f##t##_0 = {0}, f##t##_1 = {0};
#define CK_KEEP(t)                                             \
    L(store_f32)(y + t * CK_PANEL + part, f##t##_0);           \
    L(store_f32)(y + t * CK_PANEL + part + CK_WIDTH, f##t##_1);

// A row's integer sums start at what the offset of unsigned weights adds too much.
#define CK_START(t)                                  \
    VI i##t##_0 = L(splat_bytes)(x + 4 * t);         \
    VI i##t##_1 = i##t##_0;
#define CK_DOT4(t)                                   \
    {                                                \
        const VI four = L(splat_bytes)(q + 4 * t);   \
        i##t##_0 = L(dot4)(i##t##_0, w_0, four);     \
        i##t##_1 = L(dot4)(i##t##_1, w_1, four);     \
    }
#define CK_SCALE(t)                                                                  \
    {                                                                                \
        const VF scale = L(splat)(scales[t]);                                        \
        f##t##_0 = L(fma)(__builtin_convertvector(i##t##_0, VF), s_0 * scale, f##t##_0); \
        f##t##_1 = L(fma)(__builtin_convertvector(i##t##_1, VF), s_1 * scale, f##t##_1); \
    }
#define CK_INT8_STEP(T)                                                                       \
    {                                                                                         \
        const VB w_0 = L(load_bytes)(from), w_1 = L(load_bytes)(from + 4 * CK_WIDTH);         \
        CK_EACH_##T(CK_DOT4)                                                                  \
        q += 4 * T;                                                                           \
    }
#define CK_INT4_STEP(T)                                                                       \
    {                                                                                         \
        const VB both_0 = L(load_bytes)(from), both_1 = L(load_bytes)(from + 4 * CK_WIDTH);   \
        {                                                                                     \
            const VB w_0 = both_0 & 15, w_1 = both_1 & 15;                                    \
            CK_EACH_##T(CK_DOT4)                                                              \
        }                                                                                     \
        q += 4 * T;                                                                           \
        {                                                                                     \
            const VB w_0 = (VB)((VU)both_0 >> 4) & 15, w_1 = (VB)((VU)both_1 >> 4) & 15;      \
            CK_EACH_##T(CK_DOT4)                                                              \
        }                                                                                     \
        q += 4 * T;                                                                           \
    }

// y[t][0..<CK_PANEL] for T rows with one panel of groups; a group's weights take `size` bytes. Each
// step asks for the lines at `ahead`, which moves by `stride`.
#define CK_FETCH(ahead) __builtin_prefetch(ahead, 0, 2), __builtin_prefetch(ahead + 64, 0, 2);
#define CK_GROUPS_TILE(name, T, STEP)                                                                           \
    static void L(name##_tile_##T)(const uint8_t *panel, const uint8_t *rows, int64_t groups, int64_t group,    \
                                   int64_t size, const uint8_t *ahead, int64_t stride, float *y) {              \
        for (int part = 0; part < CK_PANEL; part += 2 * CK_WIDTH) {                                             \
            const uint8_t *w = panel, *x = rows;                                                                \
            CK_EACH_##T(CK_SUMS)                                                                                \
            for (int64_t g = 0; g < groups; g++) {                                                              \
                const VF s_0 = L(load_f16)((const uint16_t *)w + part);                                         \
                const VF s_1 = L(load_f16)((const uint16_t *)w + part + CK_WIDTH);                              \
                float scales[T];                                                                                \
                __builtin_memcpy(scales, x + 4 * T, sizeof scales);                                             \
                CK_EACH_##T(CK_START)                                                                           \
                const uint8_t *from = w + 2 * CK_PANEL + 4 * part, *q = x + 8 * T;                              \
                w += 2 * CK_PANEL + size;                                                                       \
                x += (8 + group) * T;                                                                           \
                for (; q < x; from += 4 * CK_PANEL, ahead += stride) {                                         \
                    CK_FETCH(ahead)                                                                             \
                    STEP(T)                                                                                     \
                }                                                                                               \
                CK_EACH_##T(CK_SCALE)                                                                           \
            }                                                                                                   \
            CK_EACH_##T(CK_KEEP)                                                                                \
        }                                                                                                       \
    }

// Two numbers of x beside two weights in each lane: rounded to bfloat16, or in float32 where that cannot be multiplied.
#define CK_DOT2(t)                                                                             \
    {                                                                                          \
        const VI two = L(splat_bytes)(x + 4 * t);                                              \
        f##t##_0 = (VF)_mm512_dpbf16_ps((__m512)f##t##_0, (__m512bh)w_0, (__m512bh)two);       \
        f##t##_1 = (VF)_mm512_dpbf16_ps((__m512)f##t##_1, (__m512bh)w_1, (__m512bh)two);       \
    }
#define CK_FMA2(t)                                                                             \
    {                                                                                          \
        float two[2];                                                                          \
        __builtin_memcpy(two, x + 8 * t, sizeof two);                                          \
        f##t##_0 = L(fma)((VF)(w_0 << 16), L(splat)(two[0]), f##t##_0);                        \
        f##t##_1 = L(fma)((VF)(w_1 << 16), L(splat)(two[0]), f##t##_1);                        \
        f##t##_0 = L(fma)((VF)(w_0 & 0xFFFF0000), L(splat)(two[1]), f##t##_0);                 \
        f##t##_1 = L(fma)((VF)(w_1 & 0xFFFF0000), L(splat)(two[1]), f##t##_1);                 \
    }
#define CK_BF16_TILE(T, DOT, size)                                                                              \
    static void L(bf16_tile_##T)(const uint8_t *panel, const uint8_t *rows, int64_t steps,                      \
                                 const uint8_t *ahead, int64_t stride, float *y) {                              \
        for (int part = 0; part < CK_PANEL; part += 2 * CK_WIDTH) {                                             \
            const uint8_t *w = panel + 4 * part, *x = rows;                                                     \
            CK_EACH_##T(CK_SUMS)                                                                                \
            for (int64_t i = 0; i < steps; i++, w += 4 * CK_PANEL, x += 2 * size * T, ahead += stride) {       \
                CK_FETCH(ahead)                                                                                 \
                const VU w_0 = (VU)L(load_bytes)(w), w_1 = (VU)L(load_bytes)(w + 4 * CK_WIDTH);                 \
                CK_EACH_##T(DOT)                                                                                \
            }                                                                                                   \
            CK_EACH_##T(CK_KEEP)                                                                                \
        }                                                                                                       \
    }

// The bytes of a number of x beside weights in bfloat16.
#define CK_NUMBER_SIZE (CK_BFLOAT ? 2 : 4)
#endif

#if CK_BFLOAT
#define CK_TILES_OF(T) CK_BF16_TILE(T, CK_DOT2, 2) CK_GROUPS_TILE(int8, T, CK_INT8_STEP) CK_GROUPS_TILE(int4, T, CK_INT4_STEP)
#else
#define CK_TILES_OF(T) CK_BF16_TILE(T, CK_FMA2, 4) CK_GROUPS_TILE(int8, T, CK_INT8_STEP) CK_GROUPS_TILE(int4, T, CK_INT4_STEP)
#endif
CK_TILES_OF(1)
CK_TILES_OF(2)
#if CK_REGISTERS == 32
CK_TILES_OF(3)
CK_TILES_OF(4)
CK_TILES_OF(5)
CK_TILES_OF(6)
#endif
#undef CK_TILES_OF

// The most rows whose sums the registers hold.
#undef CK_MOST_ROWS
#if CK_REGISTERS == 32
#define CK_MOST_ROWS 6
#else
#define CK_MOST_ROWS 2
#endif

static int64_t L(packed_tile)(const ck_packed_t *weight, int64_t tokens) {
    (void)weight;
    const int64_t tiles = (tokens + CK_MOST_ROWS - 1) / CK_MOST_ROWS;
    return tiles > 0 ? (tokens + tiles - 1) / tiles : 1;
}

static int64_t L(packed_row_size)(const ck_packed_t *weight) {
    if (weight->packing == CK_PACKED_BF16) return (weight->k + 1) / 2 * 2 * CK_NUMBER_SIZE;
    return (weight->k + weight->group - 1) / weight->group * (8 + weight->group);
}

// y[t][0..<CK_PANEL] for up to CK_MOST_ROWS packed rows.
static void L(tile)(const ck_packed_t *weight, const uint8_t *panel, const uint8_t *rows, int64_t count,
                    const uint8_t *ahead, int64_t stride, float *y) {
    if (weight->packing == CK_PACKED_BF16) {
        const int64_t steps = (weight->k + 1) / 2;
        switch (count) {
            case 1: return L(bf16_tile_1)(panel, rows, steps, ahead, stride, y);
            case 2: return L(bf16_tile_2)(panel, rows, steps, ahead, stride, y);
#if CK_REGISTERS == 32
            case 3: return L(bf16_tile_3)(panel, rows, steps, ahead, stride, y);
            case 4: return L(bf16_tile_4)(panel, rows, steps, ahead, stride, y);
            case 5: return L(bf16_tile_5)(panel, rows, steps, ahead, stride, y);
            case 6: return L(bf16_tile_6)(panel, rows, steps, ahead, stride, y);
#endif
        }
        return;
    }
    const int64_t group = weight->group, groups = (weight->k + group - 1) / group;
    if (weight->packing == CK_PACKED_INT8) {
        const int64_t size = group * CK_PANEL;
        switch (count) {
            case 1: return L(int8_tile_1)(panel, rows, groups, group, size, ahead, stride, y);
            case 2: return L(int8_tile_2)(panel, rows, groups, group, size, ahead, stride, y);
#if CK_REGISTERS == 32
            case 3: return L(int8_tile_3)(panel, rows, groups, group, size, ahead, stride, y);
            case 4: return L(int8_tile_4)(panel, rows, groups, group, size, ahead, stride, y);
            case 5: return L(int8_tile_5)(panel, rows, groups, group, size, ahead, stride, y);
            case 6: return L(int8_tile_6)(panel, rows, groups, group, size, ahead, stride, y);
#endif
        }
    } else {
        const int64_t size = group / 2 * CK_PANEL;
        switch (count) {
            case 1: return L(int4_tile_1)(panel, rows, groups, group, size, ahead, stride, y);
            case 2: return L(int4_tile_2)(panel, rows, groups, group, size, ahead, stride, y);
#if CK_REGISTERS == 32
            case 3: return L(int4_tile_3)(panel, rows, groups, group, size, ahead, stride, y);
            case 4: return L(int4_tile_4)(panel, rows, groups, group, size, ahead, stride, y);
            case 5: return L(int4_tile_5)(panel, rows, groups, group, size, ahead, stride, y);
            case 6: return L(int4_tile_6)(panel, rows, groups, group, size, ahead, stride, y);
#endif
        }
    }
}

// From where a tile brings weights into the second-level cache while it multiplies. With one tile memory is the limit, and
// that is what comes next; with several it is the next panel, the same share with each, so that memory never rests.
CK_INLINE const uint8_t *L(ahead)(const uint8_t *panel, int64_t panel_size, int64_t tile, int64_t tiles) {
    return tiles == 1 ? panel + 4096 : panel + panel_size + tile * (panel_size / tiles);
}

// From the sums of panel `p` and `count` rows, [count][CK_PANEL], the results.
CK_INLINE void L(finish)(const ck_packed_t *weight, int64_t p, const float *sums, int64_t count, const void *bias,
                         ck_type_t bias_type, bool gated, float *y, int64_t y_stride) {
    // Results of a panel, and of a row.
    const int64_t each = gated ? CK_PANEL / 2 : CK_PANEL, width = gated ? weight->n / 2 : weight->n;
    const int64_t start = p * each, end = start + each < width ? start + each : width;
    for (int64_t row = 0; row < count; row++) {
        const float *from = sums + row * CK_PANEL - start;
        for (int64_t n = start; n < end; n += CK_WIDTH) {
            VF v = L(load_f32)(from + n);
            if (gated) v = L(silu_of)(v) * L(load_f32)(from + each + n);
            if (bias) v += L(load)(bias, bias_type, n, width);
            L(store)(y + row * y_stride, CK_F32, n, end, v);
        }
    }
}

// The products of panels first..<last, either with a bias or, when `gated`, as silu of one half of a panel times the other.
CK_INLINE void L(packed_products)(const ck_packed_t *weight, const void *packed, int64_t tokens, const void *bias,
                                  ck_type_t bias_type, bool gated, int64_t first, int64_t last, float *y,
                                  int64_t y_stride) {
    if (tokens <= 0) return;
    const int64_t panel_size = ck_packed_panel_size(weight), row_size = L(packed_row_size)(weight);
    const int64_t tile = L(packed_tile)(weight, tokens), tiles = (tokens + tile - 1) / tile;
    const int64_t stride = 4 * CK_PANEL / tiles;
    float sums[CK_MOST_ROWS * CK_PANEL];
    for (int64_t p = first; p < last; p++) {
        const uint8_t *panel = (const uint8_t *)weight->panels + p * panel_size;
        for (int64_t t = 0; t < tokens; t += tile) {
            const int64_t count = tokens - t < tile ? tokens - t : tile;
            const uint8_t *ahead = L(ahead)(panel, panel_size, t / tile, tiles);
            L(tile)(weight, panel, (const uint8_t *)packed + t * row_size, count, ahead, stride, sums);
            L(finish)(weight, p, sums, count, bias, bias_type, gated, y + t * y_stride, y_stride);
        }
    }
}

static void L(packed_linear)(const ck_packed_t *weight, const void *packed, int64_t tokens, const void *bias,
                             ck_type_t bias_type, int64_t first, int64_t last, float *y, int64_t y_stride) {
    L(packed_products)(weight, packed, tokens, bias, bias_type, false, first, last, y, y_stride);
}

static void L(packed_swiglu)(const ck_packed_t *weight, const void *packed, int64_t tokens, int64_t first, int64_t last,
                             float *y, int64_t y_stride) {
    L(packed_products)(weight, packed, tokens, NULL, CK_F32, true, first, last, y, y_stride);
}

// ---- Packing rows of x ----

// Quantises one group of row `row` in a tile of `count`: the correction, the scale, and the numbers, in steps of `step`.
CK_INLINE void L(pack_group)(const float *x, int64_t left, int64_t group, int32_t offset, int64_t step, int64_t row,
                             int64_t count, uint8_t *packed) {
    VF inverse;
    const float scale = L(absmax)(x, left < group ? left : group, 127, &inverse);
    const VF rounding = L(splat)(0x1.8p23f);  // adding it leaves the nearest integer in the lowest bits
    VU total = {0};
    const int64_t piece = step < CK_WIDTH ? step : CK_WIDTH;
    uint8_t *q = packed + 8 * count + step * row;
    for (int64_t i = 0; i < group; i += CK_WIDTH) {
        VF v = i < left ? L(load)(x, CK_F32, i, left < group ? left : group) : (VF){0};
        v *= inverse;  // a statement of its own, so that no level rounds it together with the sum
        const VI integer = (VI)(v + rounding) - 0x4B400000;
        typedef int8_t bytes_t __attribute__((vector_size(CK_WIDTH)));
        const bytes_t bytes = __builtin_convertvector(integer, bytes_t);
        int8_t lanes[CK_WIDTH];
        __builtin_memcpy(lanes, &bytes, sizeof lanes);
        for (int64_t at = i; at < i + CK_WIDTH && at < group; at += piece) {
            __builtin_memcpy(q + at / step * step * count + at % step, lanes + at - i, piece);
        }
        total += (VU)integer;
    }
    const uint32_t correction = 0 - (uint32_t)offset * __builtin_reduce_add(total);
    __builtin_memcpy(packed + 4 * row, &correction, 4);
    __builtin_memcpy(packed + 4 * count + 4 * row, &scale, 4);
}

static void L(pack_rows)(const float *x, int64_t x_stride, int64_t tokens, const ck_packed_t *weight, int64_t first,
                         int64_t last, void *packed) {
    const int64_t row_size = L(packed_row_size)(weight), tile = L(packed_tile)(weight, tokens), k = weight->k;
    for (int64_t t = first; t < last; t++) {
        const int64_t start = t / tile * tile, row = t - start, count = tokens - start < tile ? tokens - start : tile;
        uint8_t *to = (uint8_t *)packed + start * row_size;
        const float *from = x + t * x_stride;
        if (weight->packing != CK_PACKED_BF16) {
            const int32_t offset = weight->packing == CK_PACKED_INT8 ? 128 : 8;
            for (int64_t i = 0; i < k; i += weight->group, to += (8 + weight->group) * count) {
                L(pack_group)(from + i, k - i, weight->group, offset, 4, row, count, to);
            }
            continue;
        }
        for (int64_t i = 0; i < k; i += 2, to += 2 * CK_NUMBER_SIZE * count) {
            const float two[2] = {from[i], i + 1 < k ? from[i + 1] : 0};
#if CK_BFLOAT
            uint32_t bits[2];
            __builtin_memcpy(bits, two, sizeof bits);
            uint16_t rounded[2];
            for (int j = 0; j < 2; j++) {
                rounded[j] = (uint16_t)((bits[j] + 0x7FFF + (bits[j] >> 16 & 1)) >> 16);
                if (two[j] != two[j]) rounded[j] = 0x7FC0;
            }
            __builtin_memcpy(to + 4 * row, rounded, sizeof rounded);
#else
            __builtin_memcpy(to + 8 * row, two, sizeof two);
#endif
        }
    }
}
