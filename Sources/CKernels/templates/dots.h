// Many dot products with rows of one element type: y[t][r] = sum over i of x[t][i] * w[r][i].
//
// Included once for each type, with CK_TYPE (f32, f16, bf16, i8) and CK_ELEMENT (its C type). Works on tiles of T rows of x
// by R rows of w whose sums all stay in registers. Whatever the tile, a sum has one accumulator of CK_WIDTH lanes, lane l
// adding the elements l, l + CK_WIDTH, ... in order, and then L(sum) over the lanes: so its bits do not depend on its
// neighbours. Accumulators are scalars by name, since clang keeps arrays of vectors on the stack.
//
// Each step asks for as many bytes at `ahead` as it reads of w, when that is not null; x's first rows alone do so. One or
// two lines a step, since the processor drops what it cannot send for at once.

#undef D
#define D_(type, level) CK_CONCATENATE(type, level)
#define D(name) CK_CONCATENATE(name, D_(CK_TYPE, CK_LEVEL))
#undef CK_LOAD
#undef CK_LOAD_PART
#define CK_LOAD L(CK_CONCATENATE(load, CK_TYPE))
#define CK_LOAD_PART L(CK_CONCATENATE(load_part, CK_TYPE))

#ifndef CK_TILES
#define CK_TILES
#define CK_ROWS_1(M, t) M(t, 0)
#define CK_ROWS_4(M, t) M(t, 0) M(t, 1) M(t, 2) M(t, 3)
#define CK_ROWS_8(M, t) CK_ROWS_4(M, t) M(t, 4) M(t, 5) M(t, 6) M(t, 7)
#define CK_TOKENS_1(M, R) M(0, R)
#define CK_TOKENS_2(M, R) CK_TOKENS_1(M, R) M(1, R)
#define CK_TOKENS_3(M, R) CK_TOKENS_2(M, R) M(2, R)
#define CK_TOKENS_4(M, R) CK_TOKENS_3(M, R) M(3, R)
#define CK_TOKENS_5(M, R) CK_TOKENS_4(M, R) M(4, R)
#define CK_TOKENS_6(M, R) CK_TOKENS_5(M, R) M(5, R)

#define CK_ZERO(t, r) VF sum_##t##_##r = {0};
#define CK_ZERO_ROW(t, R) CK_ROWS_##R(CK_ZERO, t)
#define CK_X(t, R) VF x_##t = L(load_f32)(x + t * x_stride + i);
#define CK_X_PART(t, R) VF x_##t = L(load_part_f32)(x + t * x_stride + i, k - i);
#define CK_ADD(t, r) sum_##t##_##r = L(fma)(x_##t, w_##r, sum_##t##_##r);
// One row of w at a time: T * R sums, T rows of x and this one are what the registers hold.
#define CK_WEIGHT(T, r)                              \
    VF w_##r = CK_LOAD(w + r * w_stride + i);        \
    CK_TOKENS_##T(CK_ADD, r)
#define CK_WEIGHT_PART(T, r)                                 \
    VF w_##r = CK_LOAD_PART(w + r * w_stride + i, k - i);    \
    CK_TOKENS_##T(CK_ADD, r)
#define CK_STORE_1(y, t) (y)[0] = L(sum)(sum_##t##_0);
#define CK_STORE_4(y, t) L(store_sums)(y, sum_##t##_0, sum_##t##_1, sum_##t##_2, sum_##t##_3);
#define CK_STORE_8(y, t) CK_STORE_4(y, t) L(store_sums)((y) + 4, sum_##t##_4, sum_##t##_5, sum_##t##_6, sum_##t##_7);
#define CK_STORE_ROW(t, R) CK_STORE_##R(y + t * y_stride, t)

#define CK_FETCH_AHEAD(R)                                                                                         \
    if (ahead) {                                                                                                  \
        for (int64_t byte = 0; byte < R * CK_WIDTH * (int64_t)sizeof(CK_ELEMENT); byte += 64)                      \
            __builtin_prefetch(ahead + byte, 0, 2);                                                               \
        ahead += R * CK_WIDTH * sizeof(CK_ELEMENT);                                                               \
    }

// One tile of T x R sums.
#define CK_TILE(T, R)                                                                                            \
    CK_INLINE void D(tile_##T##_##R)(const float *x, int64_t x_stride, const CK_ELEMENT *w, int64_t w_stride,     \
                                     int64_t k, const char *ahead, float *y, int64_t y_stride) {                  \
        CK_TOKENS_##T(CK_ZERO_ROW, R) int64_t i = 0;                                                              \
        for (; i + CK_WIDTH <= k; i += CK_WIDTH) {                                                                \
            CK_FETCH_AHEAD(R)                                                                                     \
            CK_TOKENS_##T(CK_X, R) CK_ROWS_##R(CK_WEIGHT, T)                                                \
        }                                                                                                         \
        if (i < k) {                                                                                              \
            CK_TOKENS_##T(CK_X_PART, R) CK_ROWS_##R(CK_WEIGHT_PART, T)                                      \
        }                                                                                                         \
        CK_TOKENS_##T(CK_STORE_ROW, R)                                                                            \
    }

// T rows of x with all rows of w, R at a time.
#define CK_STRIP(T, R)                                                                                           \
    CK_TILE(T, R)                                                                                                 \
    CK_TILE(T, 1)                                                                                                 \
    static void D(strip_##T)(const float *x, int64_t x_stride, const CK_ELEMENT *w, int64_t w_stride,             \
                             int64_t rows, int64_t k, const CK_ELEMENT *ahead, float *y, int64_t y_stride) {      \
        int64_t r = 0;                                                                                            \
        for (; r + R <= rows; r += R)                                                                             \
            D(tile_##T##_##R)(x, x_stride, w + r * w_stride, w_stride, k,                                          \
                              ahead ? (const char *)(ahead + r * w_stride) : NULL, y + r, y_stride);               \
        for (; r < rows; r++)                                                                                     \
            D(tile_##T##_1)(x, x_stride, w + r * w_stride, w_stride, k,                                            \
                            ahead ? (const char *)(ahead + r * w_stride) : NULL, y + r, y_stride);                 \
    }
#endif

// Tiles as large as the registers allow: T * R + T + 1 vectors.
CK_STRIP(1, 8)
CK_STRIP(2, 4)
CK_STRIP(3, 4)
#if CK_REGISTERS == 32
CK_STRIP(4, 4)
CK_STRIP(5, 4)
CK_STRIP(6, 4)
#endif

static void D(dots)(const float *x, int64_t x_stride, int64_t tokens, const CK_ELEMENT *w, int64_t w_stride,
                    int64_t rows, int64_t k, const CK_ELEMENT *ahead, float *y, int64_t y_stride) {
#if CK_REGISTERS == 32
    const int64_t most = 6;
#else
    const int64_t most = 3;
#endif
    for (int64_t t = 0; t < tokens; t += most) {
        const float *xt = x + t * x_stride;
        float *yt = y + t * y_stride;
        switch (tokens - t) {
            case 1: D(strip_1)(xt, x_stride, w, w_stride, rows, k, ahead, yt, y_stride); break;
            case 2: D(strip_2)(xt, x_stride, w, w_stride, rows, k, ahead, yt, y_stride); break;
#if CK_REGISTERS == 32
            case 3: D(strip_3)(xt, x_stride, w, w_stride, rows, k, ahead, yt, y_stride); break;
            case 4: D(strip_4)(xt, x_stride, w, w_stride, rows, k, ahead, yt, y_stride); break;
            case 5: D(strip_5)(xt, x_stride, w, w_stride, rows, k, ahead, yt, y_stride); break;
            default: D(strip_6)(xt, x_stride, w, w_stride, rows, k, ahead, yt, y_stride); break;
#else
            default: D(strip_3)(xt, x_stride, w, w_stride, rows, k, ahead, yt, y_stride); break;
#endif
        }
        ahead = NULL;
    }
}
