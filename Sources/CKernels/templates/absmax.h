// The scale with which the largest magnitude of `count` numbers becomes `top`, and what to multiply them with for that.
CK_INLINE float L(absmax)(const float *x, int64_t count, float top, VF *inverse) {
    VU largest = {0};  // magnitudes order as their bits do, with NaN above all
    for (int64_t i = 0; i < count; i += CK_WIDTH) {
        largest = __builtin_elementwise_max(largest, (VU)L(load)(x, CK_F32, i, count) & 0x7FFFFFFF);
    }
    const uint32_t most = __builtin_reduce_max(largest);
    float magnitude;
    __builtin_memcpy(&magnitude, &most, 4);
    *inverse = L(splat)(magnitude > 0x1p-120f ? top / magnitude : 0);
    return magnitude / top;
}
