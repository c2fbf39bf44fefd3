// The loops of limits.c. Sums are many, so that no instruction waits for another, and each is used in the end.

#include "bytes.h"

#ifndef CK_REGISTER
#if defined(__x86_64__)
#define CK_REGISTER "x"
#else
#define CK_REGISTER "w"
#endif
#endif

typedef uint64_t L(words) __attribute__((vector_size(4 * CK_WIDTH)));

static uint64_t L(read)(const void *bytes, int64_t size) {
    const char *from = bytes, *end = from + size / 1024 * 1024;
    L(words) a = {0}, b = {0}, c = {0}, d = {0};
    for (; from < end; from += 16 * CK_WIDTH) {
        L(words) v[4];
        __builtin_memcpy(v, from, sizeof v);
        a |= v[0];
        b |= v[1];
        c |= v[2];
        d |= v[3];
    }
    a |= b | c | d;
    uint64_t total = 0;
    for (int i = 0; i < CK_WIDTH / 2; i++) total |= a[i];
    return total;
}

#ifndef CK_PEAK
#define CK_PEAK
#define CK_TWELVE(M, type) \
    M(0, type) M(1, type) M(2, type) M(3, type) M(4, type) M(5, type) M(6, type) M(7, type) M(8, type) M(9, type) M(10, type) M(11, type)
#define CK_PEAK_SUM(i, type) type s##i = {0};
#define CK_PEAK_STEP(i, step) s##i = step(s##i, x, y);
#define CK_PEAK_USE(i, type) __asm__ volatile("" : : CK_REGISTER(s##i));

// Twelve sums of `type`, each `step(sum, x, y)`, which is `operations` for every float32 lane. The compiler cannot see
// through x and y, so that it neither folds nor hoists the products.
#define CK_PEAK_LOOP(name, type, x_type, y_type, step, operations)                  \
    static int64_t L(name)(int64_t rounds) {                                        \
        x_type x = {0};                                                             \
        y_type y = {0};                                                             \
        CK_TWELVE(CK_PEAK_SUM, type)                                                \
        const int64_t each = 12 * operations * CK_WIDTH;                            \
        const int64_t passes = rounds * (1 << 20) / each;                           \
        for (int64_t pass = 0; pass < passes; pass++) {                             \
            __asm__ volatile("" : "+" CK_REGISTER(x), "+" CK_REGISTER(y));          \
            CK_TWELVE(CK_PEAK_STEP, step)                                           \
        }                                                                           \
        CK_TWELVE(CK_PEAK_USE, type)                                                \
        return passes * each;                                                       \
    }
#define CK_FMA_STEP(sum, x, y) L(fma)(x, y, sum)
#define CK_DOT2_STEP(sum, x, y) (VF)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)y)
#endif

CK_PEAK_LOOP(peak_f32, VF, VF, VF, CK_FMA_STEP, 2)
CK_PEAK_LOOP(peak_int8, VI, VB, VI, L(dot4), 8)
#if CK_BFLOAT
CK_PEAK_LOOP(peak_bf16, VF, VI, VI, CK_DOT2_STEP, 4)
#else
CK_PEAK_LOOP(peak_bf16, VF, VF, VF, CK_FMA_STEP, 2)
#endif
