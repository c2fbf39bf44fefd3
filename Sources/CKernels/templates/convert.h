static void L(to_float)(const void *x, ck_type_t type, int64_t count, float *y) {
    for (int64_t i = 0; i < count; i += CK_WIDTH) L(store)(y, CK_F32, i, count, L(load)(x, type, i, count));
}

static void L(from_float)(const float *x, int64_t count, ck_type_t type, void *y) {
    for (int64_t i = 0; i < count; i += CK_WIDTH) L(store)(y, type, i, count, L(load)(x, CK_F32, i, count));
}

static void L(gather_rows)(const int32_t *indices, int64_t count, const void *table, ck_type_t type, int64_t width,
                           float *y) {
    const int64_t row_size = width * L(element_size)(type);
    for (int64_t t = 0; t < count; t++) {
        L(to_float)((const char *)table + indices[t] * row_size, type, width, y + t * width);
    }
}
