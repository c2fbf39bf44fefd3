static void L(swiglu)(const float *gate, int64_t gate_stride, const float *up, int64_t up_stride, int64_t rows,
                      int64_t width, float *y, int64_t y_stride) {
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < width; i += CK_WIDTH) {
            VF g = L(load)(gate + row * gate_stride, CK_F32, i, width);
            VF u = L(load)(up + row * up_stride, CK_F32, i, width);
            L(store)(y + row * y_stride, CK_F32, i, width, L(silu_of)(g) * u);
        }
    }
}

#define CK_UNARY(name, expression)                                         \
    static void L(name)(const float *x, int64_t count, float *y) {         \
        for (int64_t i = 0; i < count; i += CK_WIDTH) {                    \
            VF a = L(load)(x, CK_F32, i, count);                           \
            L(store)(y, CK_F32, i, count, expression);                     \
        }                                                                  \
    }
#define CK_BINARY(name, expression)                                                  \
    static void L(name)(const float *x, const float *y, int64_t count, float *z) {   \
        for (int64_t i = 0; i < count; i += CK_WIDTH) {                              \
            VF a = L(load)(x, CK_F32, i, count), b = L(load)(y, CK_F32, i, count);   \
            L(store)(z, CK_F32, i, count, expression);                               \
        }                                                                            \
    }

CK_UNARY(silu, L(silu_of)(a))
CK_UNARY(exponential, L(exp)(a))
CK_BINARY(add, a + b)
CK_BINARY(subtract, a - b)
CK_BINARY(multiply, a * b)
CK_BINARY(divide, a / b)
#undef CK_UNARY
#undef CK_BINARY
