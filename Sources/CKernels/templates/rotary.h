// One head of 2 * half, half-split; y may be x.
CK_INLINE void L(turn)(const float *x, int64_t half, const float *cosine, const float *sine, float *y) {
    for (int64_t i = 0; i < half; i += CK_WIDTH) {
        VF a = L(load)(x, CK_F32, i, half), b = L(load)(x + half, CK_F32, i, half);
        VF c = L(load)(cosine, CK_F32, i, half), s = L(load)(sine, CK_F32, i, half);
        L(store)(y, CK_F32, i, half, a * c - b * s);
        L(store)(y + half, CK_F32, i, half, b * c + a * s);
    }
}
