// 1 / sqrt(mean(x^2) + epsilon): four vectors of sums, added in one order.
static float L(inverse_rms)(const float *x, int64_t width, float epsilon) {
    VF s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    int64_t i = 0;
    for (; i + 4 * CK_WIDTH <= width; i += 4 * CK_WIDTH) {
        VF a = L(load_f32)(x + i), b = L(load_f32)(x + i + CK_WIDTH);
        VF c = L(load_f32)(x + i + 2 * CK_WIDTH), d = L(load_f32)(x + i + 3 * CK_WIDTH);
        s0 = L(fma)(a, a, s0);
        s1 = L(fma)(b, b, s1);
        s2 = L(fma)(c, c, s2);
        s3 = L(fma)(d, d, s3);
    }
    for (; i < width; i += CK_WIDTH) {
        VF a = L(load)(x, CK_F32, i, width);
        s0 = L(fma)(a, a, s0);
    }
    return 1.0f / sqrtf(L(sum)((s0 + s1) + (s2 + s3)) / (float)width + epsilon);
}

static void L(norm_row)(const float *x, int64_t width, const void *weight, ck_type_t weight_type, float epsilon,
                        float *y) {
    const VF scale = L(splat)(L(inverse_rms)(x, width, epsilon));
    for (int64_t i = 0; i < width; i += CK_WIDTH) {
        VF v = L(load)(x, CK_F32, i, width) * scale * L(load)(weight, weight_type, i, width);
        L(store)(y, CK_F32, i, width, v);
    }
}
