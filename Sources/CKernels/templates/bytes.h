// Vectors of bytes and the products of four of them; what the integer kernels are made of.

#undef VI
#undef VB
#define VI L(vi)
#define VB L(vb)
typedef int32_t VI __attribute__((vector_size(4 * CK_WIDTH)));
typedef uint8_t VB __attribute__((vector_size(4 * CK_WIDTH)));

CK_INLINE VB L(load_bytes)(const uint8_t *from) {
    VB v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

// The four bytes in every lane.
CK_INLINE VI L(splat_bytes)(const uint8_t *from) {
    int32_t four;
    __builtin_memcpy(&four, from, 4);
    return four - (VI){0};
}

// sum + the four products in each lane; weights are unsigned, x is signed.
CK_INLINE VI L(dot4)(VI sum, VB w, VI x) {
#if CK_VNNI
    return (VI)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, (__m512i)x);
#elif CK_WIDTH == 16
    // vpmaddubsw would saturate, so even and odd bytes are multiplied apart, in 16 bits.
    const __m512i low = _mm512_set1_epi16(0xFF), q = (__m512i)x;
    const __m512i even = _mm512_madd_epi16(_mm512_and_si512((__m512i)w, low), _mm512_srai_epi16(_mm512_slli_epi16(q, 8), 8));
    const __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16((__m512i)w, 8), _mm512_srai_epi16(q, 8));
    return sum + (VI)even + (VI)odd;
#elif CK_WIDTH == 8
    const __m256i low = _mm256_set1_epi16(0xFF), q = (__m256i)x;
    const __m256i even = _mm256_madd_epi16(_mm256_and_si256((__m256i)w, low), _mm256_srai_epi16(_mm256_slli_epi16(q, 8), 8));
    const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16((__m256i)w, 8), _mm256_srai_epi16(q, 8));
    return sum + (VI)even + (VI)odd;
#else
    const VU v = (VU)w;
    return sum + (VI)(v & 255) * (x << 24 >> 24) + (VI)(v >> 8 & 255) * (x << 16 >> 24) +
           (VI)(v >> 16 & 255) * (x << 8 >> 24) + (VI)(v >> 24) * (x >> 24);
#endif
}
