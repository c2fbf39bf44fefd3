// Vectors of CK_WIDTH float32 for the level being compiled, as clang's vector extensions; see each_level.h.

#undef VF
#undef VU
#undef VS
#undef VC
#define VF L(vf)
#define VU L(vu)
#define VS L(vs)
#define VC L(vc)

typedef float VF __attribute__((vector_size(4 * CK_WIDTH)));
typedef uint32_t VU __attribute__((vector_size(4 * CK_WIDTH)));
typedef uint16_t VS __attribute__((vector_size(2 * CK_WIDTH)));
typedef int8_t VC __attribute__((vector_size(CK_WIDTH)));

#define CK_INLINE static inline __attribute__((always_inline, unused))
// Tails are rare: calls keep them out of the loops' way.
#define CK_TAIL static __attribute__((noinline, unused))

CK_INLINE VF L(splat)(float x) { return x - (VF){0}; }

// a * b + c.
CK_INLINE VF L(fma)(VF a, VF b, VF c) {
#if CK_FMA
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

// The sum of all lanes: halves are added until one is left.
CK_INLINE float L(sum)(VF v) {
#if CK_WIDTH == 16
    typedef float half_t __attribute__((vector_size(32)));
    half_t h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#elif CK_WIDTH == 8
    VF h = v;
#endif
    typedef float quarter_t __attribute__((vector_size(16)));
#if CK_WIDTH >= 8
    quarter_t q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#else
    quarter_t q = v;
#endif
    q += __builtin_shufflevector(q, q, 2, 3, 0, 1);
    return q[0] + q[1];
}

// The sums of all lanes of four vectors, each with the bits of L(sum).
CK_INLINE void L(store_sums)(float *to, VF a, VF b, VF c, VF d) {
    typedef float quarter_t __attribute__((vector_size(16)));
#if CK_WIDTH == 16
    VF ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
            __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    VF cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
            __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    VF v = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
           __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    v += __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    quarter_t sums = __builtin_shufflevector(v, v, 0, 4, 8, 12);
#else
#if CK_WIDTH == 8
    VF ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
            __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    VF cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 8, 9, 10, 11) +
            __builtin_shufflevector(c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    quarter_t p = __builtin_shufflevector(ab, ab, 0, 1, 2, 3), q = __builtin_shufflevector(ab, ab, 4, 5, 6, 7);
    quarter_t r = __builtin_shufflevector(cd, cd, 0, 1, 2, 3), s = __builtin_shufflevector(cd, cd, 4, 5, 6, 7);
#else
    quarter_t p = a, q = b, r = c, s = d;
#endif
    quarter_t pq = __builtin_shufflevector(p, q, 0, 1, 4, 5) + __builtin_shufflevector(p, q, 2, 3, 6, 7);
    quarter_t rs = __builtin_shufflevector(r, s, 0, 1, 4, 5) + __builtin_shufflevector(r, s, 2, 3, 6, 7);
    quarter_t sums = __builtin_shufflevector(pq, rs, 0, 2, 4, 6) + __builtin_shufflevector(pq, rs, 1, 3, 5, 7);
#endif
    __builtin_memcpy(to, &sums, sizeof sums);
}

// The lanes of a where the mask is all ones, of b where it is 0.
CK_INLINE VF L(select)(VU mask, VF a, VF b) { return (VF)(((VU)a & mask) | ((VU)b & ~mask)); }

CK_INLINE VF L(max)(VF a, VF b) { return L(select)((VU)(a > b), a, b); }

// The largest lane.
CK_INLINE float L(largest)(VF v) {
    float lanes[CK_WIDTH];
    __builtin_memcpy(lanes, &v, sizeof v);
    for (int step = CK_WIDTH / 2; step > 0; step /= 2)
        for (int i = 0; i < step; i++) lanes[i] = lanes[i] > lanes[i + step] ? lanes[i] : lanes[i + step];
    return lanes[0];
}

// ---- Loads and stores of the element types, at any alignment ----

CK_INLINE VF L(widen_bf16)(VS bits) { return (VF)(__builtin_convertvector(bits, VU) << 16); }

CK_INLINE VF L(widen_f16)(VS bits) {
#if CK_HALF
    typedef _Float16 half_t __attribute__((vector_size(2 * CK_WIDTH)));
    return __builtin_convertvector((half_t)bits, VF);
#else
    // The exponent is 112 too small once the fields are in place; multiplying by 2^112 mends it, subnormals included.
    VU wide = __builtin_convertvector(bits, VU);
    VU magnitude = (VU)((VF)((wide & 0x7FFF) << 13) * 0x1p112f);
    VU special = (VU)((wide & 0x7C00) == 0x7C00) & 0x7F800000;  // infinity and NaN
    return (VF)(magnitude | special | (wide & 0x8000) << 16);
#endif
}

CK_INLINE VS L(narrow_bf16)(VF v) {
    VU bits = (VU)v;
    VU rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    VU is_nan = (VU)(v != v);
    return __builtin_convertvector((rounded & ~is_nan) | ((bits >> 16 | 0x0040) & is_nan), VS);
}

CK_INLINE VS L(narrow_f16)(VF v) {
#if CK_HALF
    typedef _Float16 half_t __attribute__((vector_size(2 * CK_WIDTH)));
    return (VS)__builtin_convertvector(v, half_t);
#else
    VU bits = (VU)v;
    VU sign = bits >> 16 & 0x8000;
    VU magnitude = bits & 0x7FFFFFFF;
    // Normal: round off 13 bits, then correct the exponent's bias. Subnormal: adding 0.5 leaves the rounded fraction, in
    // units of 2^-24, in the lowest bits.
    VU normal = (magnitude + 0xFFF + (magnitude >> 13 & 1)) >> 13;
    normal -= 112 << 10;
    VU small = (VU)((VF)magnitude + 0.5f) - 0x3F000000;
    VU is_small = (VU)(magnitude < 0x38800000);
    VU is_large = (VU)(magnitude >= 0x477FF000);
    VU is_nan = (VU)(magnitude > 0x7F800000);
    VU result = (normal & ~is_small) | (small & is_small);
    result = (result & ~is_large) | (0x7C00 & is_large);
    result = (result & ~is_nan) | (0x7E00 & is_nan);
    return __builtin_convertvector(result | sign, VS);
#endif
}

CK_INLINE VF L(widen_i8)(VC numbers) {
    typedef int32_t integer_t __attribute__((vector_size(4 * CK_WIDTH)));
    return __builtin_convertvector(__builtin_convertvector(numbers, integer_t), VF);
}

// The nearest whole number, ties to even; magnitudes up to 127.
CK_INLINE VC L(narrow_i8)(VF v) {
    typedef int32_t integer_t __attribute__((vector_size(4 * CK_WIDTH)));
    return __builtin_convertvector((integer_t)(v + L(splat)(0x1.8p23f)) - 0x4B400000, VC);
}

#define CK_DEFINE_LOADS(type, element, vector, widen, narrow)                                          \
    CK_INLINE VF L(load_##type)(const element *from) {                                                 \
        vector v;                                                                                      \
        __builtin_memcpy(&v, from, sizeof v);                                                          \
        return widen(v);                                                                               \
    }                                                                                                  \
    /* The first `count` lanes, and 0 in the others. */                                                \
    CK_TAIL VF L(load_part_##type)(const element *from, int64_t count) {                               \
        element lanes[CK_WIDTH] = {0};                                                                 \
        for (int64_t i = 0; i < count; i++) lanes[i] = from[i];                                        \
        return L(load_##type)(lanes);                                                                  \
    }                                                                                                  \
    CK_INLINE void L(store_##type)(element *to, VF value) {                                            \
        vector v = narrow(value);                                                                      \
        __builtin_memcpy(to, &v, sizeof v);                                                            \
    }                                                                                                  \
    CK_TAIL void L(store_part_##type)(element *to, VF value, int64_t count) {                          \
        element lanes[CK_WIDTH];                                                                       \
        L(store_##type)(lanes, value);                                                                 \
        for (int64_t i = 0; i < count; i++) to[i] = lanes[i];                                          \
    }

#define CK_AS_IS(v) (v)
CK_DEFINE_LOADS(f32, float, VF, CK_AS_IS, CK_AS_IS)
CK_DEFINE_LOADS(f16, uint16_t, VS, L(widen_f16), L(narrow_f16))
CK_DEFINE_LOADS(bf16, uint16_t, VS, L(widen_bf16), L(narrow_bf16))
CK_DEFINE_LOADS(i8, int8_t, VC, L(widen_i8), L(narrow_i8))
#undef CK_AS_IS
#undef CK_DEFINE_LOADS

CK_INLINE int64_t L(element_size)(ck_type_t type) { return type == CK_F32 ? 4 : type == CK_I8 ? 1 : 2; }

// Lanes left of index in a row of `width`: all of them, or the tail.
CK_INLINE VF L(load)(const void *from, ck_type_t type, int64_t index, int64_t width) {
    const int64_t left = width - index;
    switch (type) {
        case CK_F32:
            return left >= CK_WIDTH ? L(load_f32)((const float *)from + index)
                                    : L(load_part_f32)((const float *)from + index, left);
        case CK_F16:
            return left >= CK_WIDTH ? L(load_f16)((const uint16_t *)from + index)
                                    : L(load_part_f16)((const uint16_t *)from + index, left);
        case CK_BF16:
            return left >= CK_WIDTH ? L(load_bf16)((const uint16_t *)from + index)
                                    : L(load_part_bf16)((const uint16_t *)from + index, left);
        case CK_I8:
            return left >= CK_WIDTH ? L(load_i8)((const int8_t *)from + index)
                                    : L(load_part_i8)((const int8_t *)from + index, left);
    }
}

CK_INLINE void L(store)(void *to, ck_type_t type, int64_t index, int64_t width, VF value) {
    const int64_t left = width - index;
    switch (type) {
        case CK_F32:
            if (left >= CK_WIDTH) L(store_f32)((float *)to + index, value);
            else L(store_part_f32)((float *)to + index, value, left);
            break;
        case CK_F16:
            if (left >= CK_WIDTH) L(store_f16)((uint16_t *)to + index, value);
            else L(store_part_f16)((uint16_t *)to + index, value, left);
            break;
        case CK_BF16:
            if (left >= CK_WIDTH) L(store_bf16)((uint16_t *)to + index, value);
            else L(store_part_bf16)((uint16_t *)to + index, value, left);
            break;
        case CK_I8:
            if (left >= CK_WIDTH) L(store_i8)((int8_t *)to + index, value);
            else L(store_part_i8)((int8_t *)to + index, value, left);
            break;
    }
}

// e^x within 2 units in the last place; below -87.3 it is 0, above 88.7 infinity.
//
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r is its Taylor polynomial of degree 7 in Horner's form, and 2^n is multiplied
// in two halves, so that no intermediate leaves the range.
CK_INLINE VF L(exp)(VF x) {
    const VF rounding = L(splat)(0x1.8p23f);  // adding it leaves the nearest integer in the lowest bits
    VF shifted = L(fma)(x, L(splat)(0x1.715476p0f), rounding);
    VF n = shifted - rounding;
    VF r = L(fma)(n, L(splat)(-0x1.62e4p-1f), x);
    r = L(fma)(n, L(splat)(-0x1.7f7d1cp-20f), r);
    VF p = L(splat)(1.0f / 5040);
    p = L(fma)(p, r, L(splat)(1.0f / 720));
    p = L(fma)(p, r, L(splat)(1.0f / 120));
    p = L(fma)(p, r, L(splat)(1.0f / 24));
    p = L(fma)(p, r, L(splat)(1.0f / 6));
    p = L(fma)(p, r, L(splat)(0.5f));
    p = L(fma)(p, r, L(splat)(1.0f));
    p = L(fma)(p, r, L(splat)(1.0f));
    typedef int32_t integer_t __attribute__((vector_size(4 * CK_WIDTH)));
    integer_t exponent = (integer_t)shifted - 0x4B400000;
    integer_t first = exponent >> 1;
    VF result = p * (VF)((first + 127) << 23) * (VF)((exponent - first + 127) << 23);
    result = L(select)((VU)(x > 88.8f), L(splat)(__builtin_inff()), result);
    return L(select)((VU)(x < -87.4f), (VF){0}, result);
}

CK_INLINE VF L(silu_of)(VF x) { return x / (1.0f + L(exp)(-x)); }
