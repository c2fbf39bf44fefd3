// Attention over keys and values in i8 by dot products of bytes: queries and the weights of values become whole numbers of
// 16 bits, whose upper and lower bytes are multiplied apart, so that nothing but that rounding is lost and sums are exact.
// For widths that are multiples of 64, up to CK_BYTE_WIDTH; queries by T, as many as the registers hold.
//
// Keys go by in sixteens, one in each lane: word w of a group holds their numbers 4 w ..< 4 w + 4. Values go by in fours,
// beside each other in every lane.

#include "bytes.h"

#ifndef CK_BYTE_ATTENTION
#define CK_BYTE_ATTENTION
#define CK_LARGEST 32639     // 127 * 257: neither byte leaves -127...127

#define CK_KEY_ZERO(t, R) __m512i hi_##t = _mm512_setzero_si512(), lo_##t = hi_##t;
#define CK_KEY_ADD(t, R)                                                                                    \
    hi_##t = _mm512_dpbusd_epi32(hi_##t, key, _mm512_set1_epi32(q[t * 2 * CK_BYTE_WIDTH / 4 + w]));          \
    lo_##t = _mm512_dpbusd_epi32(lo_##t, key, _mm512_set1_epi32(q[(t * 2 + 1) * CK_BYTE_WIDTH / 4 + w]));
#define CK_KEY_STORE(t, R)                                                                                   \
    {                                                                                                        \
        const __m512i both = _mm512_add_epi32(_mm512_slli_epi32(hi_##t, 8), lo_##t);                          \
        const __m512 sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(both, _mm512_set1_epi32(offsets[t])));         \
        _mm512_mask_storeu_ps(scores + t * CK_ATTENTION_PARTITION, lanes, sum * scales[t]);                   \
    }
#define CK_KEY_STRIP(T)                                                                                      \
    static void L(key_strip_##T)(const int32_t *q, const int32_t *offsets, const float *scales,              \
                                 const __m512i *keys, int64_t words, const void *const *ahead, __mmask16 lanes, \
                                 float *scores) {                                                            \
        CK_TOKENS_##T(CK_KEY_ZERO, ) for (int64_t w = 0; w < words; w++) {                                    \
            if (ahead) __builtin_prefetch((const char *)ahead[w % 16] + w / 16 * 64, 0, 2);                   \
            const __m512i key = keys[w];                                                                     \
            CK_TOKENS_##T(CK_KEY_ADD, )                                                                       \
        }                                                                                                    \
        CK_TOKENS_##T(CK_KEY_STORE, )                                                                         \
    }

#define CK_SUM_ZERO(t, R)                                                                                    \
    __m512i hi_##t##_0 = _mm512_setzero_si512(), hi_##t##_1 = hi_##t##_0, hi_##t##_2 = hi_##t##_0,            \
            hi_##t##_3 = hi_##t##_0, lo_##t##_0 = hi_##t##_0, lo_##t##_1 = hi_##t##_0, lo_##t##_2 = hi_##t##_0, \
            lo_##t##_3 = hi_##t##_0;
#define CK_SUM_ADD(t, R)                                                                                     \
    {                                                                                                        \
        const __m512i hi = _mm512_set1_epi32(p[t * CK_ATTENTION_PARTITION / 2 + quad]);                       \
        const __m512i lo = _mm512_set1_epi32(p[t * CK_ATTENTION_PARTITION / 2 + CK_ATTENTION_PARTITION / 4 + quad]); \
        hi_##t##_0 = _mm512_dpbusd_epi32(hi_##t##_0, hi, v_0);                                                \
        hi_##t##_1 = _mm512_dpbusd_epi32(hi_##t##_1, hi, v_1);                                                \
        hi_##t##_2 = _mm512_dpbusd_epi32(hi_##t##_2, hi, v_2);                                                \
        hi_##t##_3 = _mm512_dpbusd_epi32(hi_##t##_3, hi, v_3);                                                \
        lo_##t##_0 = _mm512_dpbusd_epi32(lo_##t##_0, lo, v_0);                                                \
        lo_##t##_1 = _mm512_dpbusd_epi32(lo_##t##_1, lo, v_1);                                                \
        lo_##t##_2 = _mm512_dpbusd_epi32(lo_##t##_2, lo, v_2);                                                \
        lo_##t##_3 = _mm512_dpbusd_epi32(lo_##t##_3, lo, v_3);                                                \
    }
#define CK_SUM_WHOLE(t, k)                                                                                   \
    (_mm512_fmadd_ps(_mm512_cvtepi32_ps(hi_##t##_##k), _mm512_set1_ps(256), _mm512_cvtepi32_ps(lo_##t##_##k)) * \
     scales[t])
// Vector k has in its lane of 128 bits l the numbers 16 l + 4 k on.
#define CK_SUM_STORE(t, R)                                                                                   \
    {                                                                                                        \
        const __m512 s_0 = CK_SUM_WHOLE(t, 0), s_1 = CK_SUM_WHOLE(t, 1);                                      \
        const __m512 s_2 = CK_SUM_WHOLE(t, 2), s_3 = CK_SUM_WHOLE(t, 3);                                      \
        const __m512 a = _mm512_shuffle_f32x4(s_0, s_1, 0x44), b = _mm512_shuffle_f32x4(s_2, s_3, 0x44);      \
        const __m512 c = _mm512_shuffle_f32x4(s_0, s_1, 0xEE), d = _mm512_shuffle_f32x4(s_2, s_3, 0xEE);      \
        _mm512_storeu_ps(y + t * width, _mm512_shuffle_f32x4(a, b, 0x88));                                    \
        _mm512_storeu_ps(y + t * width + 16, _mm512_shuffle_f32x4(a, b, 0xDD));                               \
        _mm512_storeu_ps(y + t * width + 32, _mm512_shuffle_f32x4(c, d, 0x88));                               \
        _mm512_storeu_ps(y + t * width + 48, _mm512_shuffle_f32x4(c, d, 0xDD));                               \
    }
// 64 numbers of T sums; rows ahead[4 quad + first ..< 4 quad + last] are asked for.
#define CK_SUM_STRIP(T)                                                                                      \
    static void L(sum_strip_##T)(const int32_t *p, const float *scales, const __m512i *values, int64_t quads, \
                                 int64_t stride, const void *const *ahead, int64_t first, int64_t last, float *y, \
                                 int64_t width) {                                                            \
        CK_TOKENS_##T(CK_SUM_ZERO, ) for (int64_t quad = 0; quad < quads; quad++, values += stride) {         \
            for (int64_t i = first; i < last; i++) __builtin_prefetch(ahead[4 * quad + i], 0, 2);             \
            const __m512i v_0 = values[0], v_1 = values[1], v_2 = values[2], v_3 = values[3];                 \
            CK_TOKENS_##T(CK_SUM_ADD, )                                                                       \
        }                                                                                                    \
        CK_TOKENS_##T(CK_SUM_STORE, )                                                                         \
    }
#endif

CK_KEY_STRIP(1)
CK_KEY_STRIP(2)
CK_KEY_STRIP(4)
CK_KEY_STRIP(6)
CK_SUM_STRIP(1)
CK_SUM_STRIP(3)

// Queries as whole numbers: upper and lower bytes, what the offset of unsigned keys adds too much, and the scale.
static void L(byte_queries)(const float *query, int64_t count, int64_t width, int8_t *bytes, int32_t *offsets,
                            float *scales) {
    for (int64_t t = 0; t < count; t++, query += width, bytes += 2 * CK_BYTE_WIDTH) {
        VF inverse;
        scales[t] = L(absmax)(query, width, CK_LARGEST, &inverse);
        VI total = {0};
        for (int64_t i = 0; i < width; i += CK_WIDTH) {
            const VI whole = (VI)_mm512_cvtps_epi32((__m512)(L(load_f32)(query + i) * inverse));
            const VI low = whole << 24 >> 24;
            _mm_storeu_si128((__m128i *)(bytes + i), _mm512_cvtepi32_epi8((__m512i)((whole - low) >> 8)));
            _mm_storeu_si128((__m128i *)(bytes + CK_BYTE_WIDTH + i), _mm512_cvtepi32_epi8((__m512i)low));
            total += whole;
        }
        offsets[t] = 128 * __builtin_reduce_add(total);
    }
}

// Sixteen keys as words, each number plus 128.
static void L(turn_keys)(const void *const *keys, int64_t width, __m512i *words) {
    const __m512i offset = _mm512_set1_epi8(-128);
    for (int64_t start = 0; start < width; start += 64, words += 16) {
        __m512i r[16], s[16];
        for (int i = 0; i < 16; i++)
            r[i] = _mm512_xor_si512(_mm512_loadu_si512((const char *)keys[i] + start), offset);
        for (int i = 0; i < 16; i += 2) {
            s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
            s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
        }
        for (int i = 0; i < 16; i += 4) {
            r[i] = _mm512_unpacklo_epi64(s[i], s[i + 2]);
            r[i + 1] = _mm512_unpackhi_epi64(s[i], s[i + 2]);
            r[i + 2] = _mm512_unpacklo_epi64(s[i + 1], s[i + 3]);
            r[i + 3] = _mm512_unpackhi_epi64(s[i + 1], s[i + 3]);
        }
        for (int i = 0; i < 4; i++) {
            const __m512i a = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x44), b = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x44);
            const __m512i c = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xEE), d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xEE);
            words[i] = _mm512_shuffle_i32x4(a, b, 0x88);
            words[i + 4] = _mm512_shuffle_i32x4(a, b, 0xDD);
            words[i + 8] = _mm512_shuffle_i32x4(c, d, 0x88);
            words[i + 12] = _mm512_shuffle_i32x4(c, d, 0xDD);
        }
    }
}

// Four values beside each other: four vectors for each 64 numbers.
static void L(join_values)(const void *const *values, int64_t width, __m512i *joined) {
    for (int64_t start = 0; start < width; start += 64, joined += 4) {
        __m512i v[4];
        for (int i = 0; i < 4; i++) v[i] = _mm512_loadu_si512((const char *)values[i] + start);
        const __m512i a = _mm512_unpacklo_epi8(v[0], v[1]), b = _mm512_unpackhi_epi8(v[0], v[1]);
        const __m512i c = _mm512_unpacklo_epi8(v[2], v[3]), d = _mm512_unpackhi_epi8(v[2], v[3]);
        joined[0] = _mm512_unpacklo_epi16(a, c);
        joined[1] = _mm512_unpackhi_epi16(a, c);
        joined[2] = _mm512_unpacklo_epi16(b, d);
        joined[3] = _mm512_unpackhi_epi16(b, d);
    }
}

// The weights of `seen` values as whole numbers up to 65535: upper and lower bytes, 0 up to `count`; and their scale.
static float L(byte_weights)(const float *weights, int64_t seen, int64_t count, uint8_t *bytes) {
    VF inverse;
    const float scale = L(absmax)(weights, seen, 65535, &inverse);
    for (int64_t j = 0; j < count; j += CK_WIDTH) {
        const VF weight = j < seen ? L(load)(weights, CK_F32, j, seen) * inverse : (VF){0};
        const __m512i whole = _mm512_cvtps_epi32((__m512)weight);
        _mm_storeu_si128((__m128i *)(bytes + j), _mm512_cvtepi32_epi8(_mm512_srli_epi32(whole, 8)));
        _mm_storeu_si128((__m128i *)(bytes + CK_ATTENTION_PARTITION + j), _mm512_cvtepi32_epi8(whole));
    }
    return scale;
}

// scores[t][j] = query t times key j without the key's scale, rows CK_ATTENTION_PARTITION apart. Arrays of rows are filled
// up to a multiple of 16; rows `ahead` are asked for.
static void L(byte_scores)(const float *query, int64_t count, const void *const *keys, int64_t key_count, int64_t width,
                           const void *const *ahead, char *scratch, float *scores) {
    __m512i *words = (__m512i *)scratch;
    int8_t *bytes = (int8_t *)(words + width / 4);
    int32_t offsets[CK_QUERIES];
    float scales[CK_QUERIES];
    L(byte_queries)(query, count, width, bytes, offsets, scales);
    for (int64_t j = 0; j < key_count; j += 16, keys += 16, ahead += 16, scores += 16) {
        const __mmask16 lanes = key_count - j >= 16 ? 0xFFFF : (__mmask16)((1 << (key_count - j)) - 1);
        L(turn_keys)(keys, width, words);
        for (int64_t t = 0; t < count;) {
            const int32_t *q = (const int32_t *)(bytes + t * 2 * CK_BYTE_WIDTH);
            const void *const *fetched = t == 0 ? ahead : NULL;
            float *y = scores + t * CK_ATTENTION_PARTITION;
            const int64_t left = count - t;
            if (left >= 6) L(key_strip_6)(q, offsets + t, scales + t, words, width / 4, fetched, lanes, y), t += 6;
            else if (left >= 4) L(key_strip_4)(q, offsets + t, scales + t, words, width / 4, fetched, lanes, y), t += 4;
            else if (left >= 2) L(key_strip_2)(q, offsets + t, scales + t, words, width / 4, fetched, lanes, y), t += 2;
            else L(key_strip_1)(q, offsets + t, scales + t, words, width / 4, fetched, lanes, y), t += 1;
        }
    }
}

// y[t] = the sum of weights[t][j] times value j over j in 0..<seen[t]; as for byte_scores.
static void L(byte_sums)(const float *weights, const int64_t *seen, int64_t count, const void *const *values,
                         int64_t value_count, int64_t width, const void *const *ahead, char *scratch, float *y) {
    __m512i *joined = (__m512i *)scratch;
    const int64_t quads = (value_count + 3) / 4, stride = width / 16;
    uint8_t *bytes = (uint8_t *)(joined + CK_ATTENTION_PARTITION / 4 * stride);
    float scales[CK_QUERIES];
    for (int64_t t = 0; t < count; t++) {
        scales[t] = L(byte_weights)(weights + t * CK_ATTENTION_PARTITION, seen[t], (value_count + 15) / 16 * 16,
                                    bytes + t * 2 * CK_ATTENTION_PARTITION);
    }
    for (int64_t quad = 0; quad < quads; quad++) L(join_values)(values + 4 * quad, width, joined + quad * stride);
    for (int64_t start = 0; start < width; start += 64) {
        const void *lines[CK_ATTENTION_PARTITION];
        if (ahead)
            for (int64_t j = 0; j < 4 * quads; j++) lines[j] = (const char *)ahead[j] + start;
        for (int64_t t = 0; t < count;) {
            const int32_t *p = (const int32_t *)(bytes + t * 2 * CK_ATTENTION_PARTITION);
            // The first two passes share what is to be asked for.
            const int64_t first = t == 3 ? 2 : 0, last = !ahead || t > 3 ? 0 : t == 0 && count > 3 ? 2 : 4;
            const __m512i *from = joined + start / 16;
            float *to = y + t * width + start;
            if (count - t >= 3) L(sum_strip_3)(p, scales + t, from, quads, stride, lines, first, last, to, width), t += 3;
            else L(sum_strip_1)(p, scales + t, from, quads, stride, lines, first, last, to, width), t += 1;
        }
    }
}
