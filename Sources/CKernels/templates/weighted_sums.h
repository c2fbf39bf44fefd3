// Sums of rows of values: y[t][d] += p[t][j] * v[j][d] over the keys j, in order, for the value type CK_TYPE.
//
// T rows of y by R vectors stay in registers while the keys pass by. Each lane adds its keys one after the other, so its
// bits do not depend on the tile. As many rows `ahead` will be needed after these: the first rows of y ask for them, in the
// order in which they lie in memory, so that the processor's own fetching joins in.

#ifndef CK_WEIGHTED_SUMS
#define CK_WEIGHTED_SUMS
#define CK_SUM(t, r) VF sum_##t##_##r = L(load_f32)(y + t * width + r * CK_WIDTH);
#define CK_SUM_ROW(t, R) CK_ROWS_##R(CK_SUM, t)
#define CK_P(t, R) VF x_##t = L(splat)(p[t * p_stride + j]);
#define CK_VALUE(T, r)                         \
    VF w_##r = CK_LOAD(row + r * CK_WIDTH);    \
    CK_TOKENS_##T(CK_ADD, r)
#define CK_KEEP(t, r) L(store_f32)(y + t * width + r * CK_WIDTH, sum_##t##_##r);
#define CK_KEEP_ROW(t, R) CK_ROWS_##R(CK_KEEP, t)

#define CK_VALUES_TILE(T, R)                                                                                        \
    CK_INLINE void D(values_##T##_##R)(const float *p, int64_t p_stride, const void *const *v,                      \
                                       const void *const *ahead, int64_t d, int64_t first, int64_t last, float *y,  \
                                       int64_t width) {                                                             \
        int64_t next = d * last / width, column = d * last % width;                                                 \
        CK_TOKENS_##T(CK_SUM_ROW, R) for (int64_t j = first; j < last; j++) {                                       \
            const CK_ELEMENT *row = (const CK_ELEMENT *)v[j] + d;                                                   \
            if (ahead) {                                                                                            \
                for (int64_t i = 0; i < R * CK_WIDTH; i += 64 / (int64_t)sizeof(CK_ELEMENT))                        \
                    __builtin_prefetch((const CK_ELEMENT *)ahead[next] + column + i, 0, 2);                         \
                column += R * CK_WIDTH;                                                                             \
                if (column >= width) column -= width, next++;                                                       \
            }                                                                                                       \
            CK_TOKENS_##T(CK_P, R) CK_ROWS_##R(CK_VALUE, T)                                                         \
        }                                                                                                           \
        CK_TOKENS_##T(CK_KEEP_ROW, R)                                                                               \
    }

// Keys first..<last for T rows of y that are `width` long.
#define CK_VALUES_STRIP(T, R)                                                                                       \
    CK_VALUES_TILE(T, R)                                                                                             \
    CK_VALUES_TILE(T, 1)                                                                                             \
    static void D(values_strip_##T)(const float *p, int64_t p_stride, const void *const *v,                          \
                                    const void *const *ahead, int64_t first, int64_t last, float *y, int64_t width) { \
        int64_t d = 0;                                                                                               \
        for (; d + R * CK_WIDTH <= width; d += R * CK_WIDTH)                                                         \
            D(values_##T##_##R)(p, p_stride, v, ahead, d, first, last, y + d, width);                                       \
        for (; d + CK_WIDTH <= width; d += CK_WIDTH)                                                                 \
            D(values_##T##_1)(p, p_stride, v, ahead, d, first, last, y + d, width);                                         \
        if (d == width) return;                                                                                      \
        for (int64_t t = 0; t < T; t++) {                                                                            \
            VF sum = L(load_part_f32)(y + t * width + d, width - d);                                                 \
            for (int64_t j = first; j < last; j++) {                                                                 \
                VF value = CK_LOAD_PART((const CK_ELEMENT *)v[j] + d, width - d);                                    \
                sum = L(fma)(L(splat)(p[t * p_stride + j]), value, sum);                                             \
            }                                                                                                        \
            L(store_part_f32)(y + t * width + d, sum, width - d);                                                    \
        }                                                                                                            \
    }
#endif

// As many rows as the registers hold: T * 4 sums, T weights and the value.
CK_VALUES_STRIP(1, 4)
CK_VALUES_STRIP(2, 4)
CK_VALUES_STRIP(3, 4)
#if CK_REGISTERS == 32
CK_VALUES_STRIP(4, 4)
CK_VALUES_STRIP(5, 4)
CK_VALUES_STRIP(6, 4)
#endif

// Row t of y takes keys 0..<counts[t]; counts rise with t.
static void D(weighted_sums)(const float *p, int64_t p_stride, const int64_t *counts, int64_t rows,
                             const void *const *v, const void *const *ahead, float *y, int64_t width) {
#if CK_REGISTERS == 32
    const int64_t most = 6;
#else
    const int64_t most = 3;
#endif
    for (int64_t t = 0; t < rows; t += most) {
        const float *pt = p + t * p_stride;
        float *yt = y + t * width;
        const int64_t left = rows - t, tile = left < most ? left : most, shared = counts[t];
        switch (tile) {
            case 1: D(values_strip_1)(pt, p_stride, v, ahead, 0, shared, yt, width); break;
            case 2: D(values_strip_2)(pt, p_stride, v, ahead, 0, shared, yt, width); break;
            case 3: D(values_strip_3)(pt, p_stride, v, ahead, 0, shared, yt, width); break;
#if CK_REGISTERS == 32
            case 4: D(values_strip_4)(pt, p_stride, v, ahead, 0, shared, yt, width); break;
            case 5: D(values_strip_5)(pt, p_stride, v, ahead, 0, shared, yt, width); break;
            default: D(values_strip_6)(pt, p_stride, v, ahead, 0, shared, yt, width); break;
#endif
        }
        ahead = NULL;
        for (int64_t u = 1; u < tile; u++) {
            if (counts[t + u] == shared) continue;
            D(values_strip_1)(pt + u * p_stride, p_stride, v, NULL, shared, counts[t + u], yt + u * width, width);
        }
    }
}
