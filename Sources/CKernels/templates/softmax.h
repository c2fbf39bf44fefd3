static void L(softmax)(const float *x, int64_t rows, int64_t width, float *y) {
    for (int64_t start = 0; start < rows * width; start += width) {
        float largest = -INFINITY;
        for (int64_t i = 0; i < width; i++) largest = x[start + i] > largest ? x[start + i] : largest;
        VF sum = {0};
        for (int64_t i = 0; i < width; i += CK_WIDTH) {
            VF e = L(exp)(L(load)(x + start, CK_F32, i, width) - largest);
            L(store)(y + start, CK_F32, i, width, e);
            sum += L(load)(y + start, CK_F32, i, width);  // lanes past the end are 0 again
        }
        const VF scale = L(splat)(1.0f / L(sum)(sum));
        for (int64_t i = 0; i < width; i += CK_WIDTH) {
            L(store)(y + start, CK_F32, i, width, L(load)(y + start, CK_F32, i, width) * scale);
        }
    }
}
