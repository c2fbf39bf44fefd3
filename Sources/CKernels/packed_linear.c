#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CK_DOTS
#define CK_KERNEL "packed_linear.h"
#define CK_AMX_KERNEL "packed_tiles.h"
#include "templates/each_level.h"

int64_t ck_packed_panel_size(const ck_packed_t *weight) {
    const int64_t k = weight->k, group = weight->group;
    switch (weight->packing) {
        case CK_PACKED_INT8: return (k + group - 1) / group * (2 + group) * CK_PANEL;
        case CK_PACKED_INT4: return (k + group - 1) / group * (2 + group / 2) * CK_PANEL;
        case CK_PACKED_BF16: return (k + 1) / 2 * 4 * CK_PANEL;
    }
    return 0;
}

int64_t ck_packed_tile(const ck_packed_t *weight, int64_t tokens) { CK_DISPATCH(packed_tile, weight, tokens); }

int64_t ck_packed_row_size(const ck_packed_t *weight) { CK_DISPATCH(packed_row_size, weight); }

void ck_pack_rows(const float *x, int64_t x_stride, int64_t tokens, const ck_packed_t *weight, int64_t first,
                  int64_t last, void *packed) {
    CK_DISPATCH(pack_rows, x, x_stride, tokens, weight, first, last, packed);
}

void ck_packed_linear(const ck_packed_t *weight, const void *packed, int64_t tokens, const void *bias,
                      ck_type_t bias_type, int64_t first, int64_t last, float *y, int64_t y_stride) {
    CK_DISPATCH(packed_linear, weight, packed, tokens, bias, bias_type, first, last, y, y_stride);
}

void ck_packed_swiglu(const ck_packed_t *weight, const void *packed, int64_t tokens, int64_t first, int64_t last,
                      float *y, int64_t y_stride) {
    CK_DISPATCH(packed_swiglu, weight, packed, tokens, first, last, y, y_stride);
}

void ck_packed_gather(const ck_packed_t *weight, const int32_t *indices, int64_t count, float *y) {
    const int64_t panel_size = ck_packed_panel_size(weight), k = weight->k;
    for (int64_t t = 0; t < count; t++, y += k) {
        const int64_t row = indices[t] % CK_PANEL;
        const uint8_t *from = (const uint8_t *)weight->panels + indices[t] / CK_PANEL * panel_size;
        if (weight->packing == CK_PACKED_BF16) {
            for (int64_t i = 0; i < k; i++) {
                uint16_t bits;
                memcpy(&bits, from + i / 2 * 4 * CK_PANEL + 4 * row + i % 2 * 2, 2);
                const uint32_t wide = (uint32_t)bits << 16;
                memcpy(y + i, &wide, 4);
            }
            continue;
        }
        const bool halves = weight->packing == CK_PACKED_INT4;
        for (int64_t start = 0; start < k; start += weight->group) {
            uint16_t bits;
            memcpy(&bits, from + 2 * row, 2);
            float scale;
            ck_to_float(&bits, CK_F16, 1, &scale);
            const uint8_t *bytes = from + 2 * CK_PANEL + 4 * row;
            const int64_t end = k - start < weight->group ? k - start : weight->group;
            for (int64_t i = 0; i < end; i++) {
                const int64_t step = i / 4;
                const int number = halves ? (bytes[step / 2 * 4 * CK_PANEL + i % 4] >> step % 2 * 4 & 15) - 8
                                          : bytes[step * 4 * CK_PANEL + i % 4] - 128;
                y[start + i] = scale * (float)number;
            }
            from += (2 + (halves ? weight->group / 2 : weight->group)) * CK_PANEL;
        }
    }
}
