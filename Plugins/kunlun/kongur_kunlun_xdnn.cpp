// kongur_kunlun_ops.h by XDNN: what a hardware owner builds against their own SDK.
//
// NEVER COMPILED AGAINST THE SDK AND NEVER RUN. It is written from public facts (docs/kunlun.md); UNVERIFIED marks what
// these leave open. `kongur doctor --device xpu` compares every operation with the reference: what is wrong shows there,
// and a function that is taken out of this file runs on the CPU instead.
//
// Left out because no public source has enough of their signatures: rotary_cache_write and paged_attention
// (rotary_embedding_v3, reshape_cached_kv and qkv_paged_attention), swiglu's and gather's argument types, and add. See
// README.md for what to write.

#ifdef KONGUR_SYNTAX_CHECK
#include "xdnn_declarations.h"
#else
#include <xpu/runtime.h>
#include <xpu/xdnn.h>
#endif

#include <kongur_kunlun_ops.h>

#include <cstdlib>

namespace api = baidu::xpu::api;

struct kongur_kunlun_context {
    api::Context *xdnn;
    XPUStream stream;
    // Work areas for the rows that int8 products quantise.
    void *numbers;
    uint64_t numbers_size;
    void *scales;
    uint64_t scales_size;
};

namespace {

// XDNN answers 0 for success and 1 for invalid parameters; Kongur's codes for these are 0 and 2.
int answer(int code) { return code == 0 ? KONGUR_KUNLUN_OK : code == 1 ? KONGUR_KUNLUN_INVALID : code; }

const float16 *halves(const uint16_t *p) { return reinterpret_cast<const float16 *>(p); }
float16 *halves(uint16_t *p) { return reinterpret_cast<float16 *>(p); }

// Makes a work area at least so large. What still uses the old one is waited for.
int reserve(kongur_kunlun_context *context, void **area, uint64_t *size, uint64_t needed) {
    if (*size >= needed) return 0;
    int code = xpu_wait(context->stream);
    if (code) return code;
    if (*area) xpu_free(*area);
    *area = nullptr;
    *size = 0;
    code = xpu_malloc(area, needed, 0);
    if (code == 0) *size = needed;
    return code;
}

// UNVERIFIED: TGEMM. `float` asks for sums in float; first and second generation cards took int16_t there.
template <typename TY>
int product(kongur_kunlun_context *context, const uint16_t *x, const uint16_t *weight, const float *bias, int64_t m,
            int64_t n, int64_t k, TY *y) {
    return answer(api::fc_fusion<float16, float16, TY, float>(
        context->xdnn, halves(x), halves(weight), y, m, n, k, false, true, nullptr, nullptr, nullptr, k, k, n, 1.0f,
        0.0f, bias, api::Activation_t(api::Activation_t::LINEAR)));
}

// UNVERIFIED: that scale_x takes the rows' scales of quant2d and scale_w those of features, as factors and not as maxima.
template <typename TY>
int product_int8(kongur_kunlun_context *context, const uint16_t *x, const int8_t *weight, const float *scales,
                 const float *bias, int64_t m, int64_t n, int64_t k, TY *y) {
    int code = reserve(context, &context->numbers, &context->numbers_size, m * k);
    if (!code) code = reserve(context, &context->scales, &context->scales_size, m * sizeof(float));
    if (code) return code;
    int8_t *numbers = static_cast<int8_t *>(context->numbers);
    float *rows = static_cast<float *>(context->scales);
    code = api::quant2d<float16>(context->xdnn, halves(x), numbers, rows, m, k);
    if (code) return answer(code);
    return answer(api::fc_fusion<int8_t, int8_t, TY, int8_t>(
        context->xdnn, numbers, weight, y, m, n, k, false, true, nullptr, nullptr, nullptr, k, k, n, 1.0f, 0.0f, bias,
        api::Activation_t(api::Activation_t::LINEAR), nullptr, rows, scales));
}

} // namespace

extern "C" {

uint32_t kongur_kunlun_abi_version(void) { return KONGUR_KUNLUN_ABI; }

const char *kongur_kunlun_description(void) { return "XDNN by Plugins/kunlun, built " __DATE__; }

int kongur_kunlun_open(void *stream, kongur_kunlun_context **context) {
    kongur_kunlun_context *made = static_cast<kongur_kunlun_context *>(calloc(1, sizeof *made));
    if (!made) return 706;
    made->xdnn = api::create_context();
    if (!made->xdnn) {
        free(made);
        return KONGUR_KUNLUN_INVALID;
    }
    made->stream = static_cast<XPUStream>(stream);
    made->xdnn->set_stream(made->stream);
    *context = made;
    return KONGUR_KUNLUN_OK;
}

void kongur_kunlun_close(kongur_kunlun_context *context) {
    if (context->numbers) xpu_free(context->numbers);
    if (context->scales) xpu_free(context->scales);
    api::destroy_context(context->xdnn);
    free(context);
}

int kongur_kunlun_embedding(kongur_kunlun_context *context, kongur_kunlun_ints ids, const uint16_t *table,
                            int64_t vocabulary, int64_t width, uint16_t *y) {
    return answer(api::embedding<float16, int>(context->xdnn, halves(table), ids.device, halves(y), vocabulary, width,
                                               ids.count, -1));
}

// Rows by number are a look-up in a table of rows.
int kongur_kunlun_gather(kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n,
                         kongur_kunlun_ints rows, uint16_t *y) {
    return answer(
        api::embedding<float16, int>(context->xdnn, halves(x), rows.device, halves(y), m, n, rows.count, -1));
}

int kongur_kunlun_linear(kongur_kunlun_context *context, const uint16_t *x, const uint16_t *weight, const float *bias,
                         int64_t m, int64_t n, int64_t k, int wide, void *y) {
    if (wide) return product(context, x, weight, bias, m, n, k, static_cast<float *>(y));
    return product(context, x, weight, bias, m, n, k, static_cast<float16 *>(y));
}

int kongur_kunlun_linear_int8(kongur_kunlun_context *context, const uint16_t *x, const int8_t *weight,
                              const float *scales, const float *bias, int64_t m, int64_t n, int64_t k, int wide,
                              void *y) {
    if (wide) return product_int8(context, x, weight, scales, bias, m, n, k, static_cast<float *>(y));
    return product_int8(context, x, weight, scales, bias, m, n, k, static_cast<float16 *>(y));
}

int kongur_kunlun_rms_norm(kongur_kunlun_context *context, const uint16_t *x, const float *weight, int64_t m,
                           int64_t n, float epsilon, uint16_t *y) {
    return answer(api::rms_layer_norm<float16, float>(context->xdnn, halves(x), halves(y), m, n, epsilon, weight,
                                                      nullptr, nullptr));
}

int kongur_kunlun_add_rms_norm(kongur_kunlun_context *context, const uint16_t *x, const uint16_t *residual,
                               const float *weight, int64_t m, int64_t n, float epsilon, uint16_t *sum, uint16_t *y) {
    return answer(api::add_rms_layer_norm_fusion<float16>(context->xdnn, halves(x), halves(residual), halves(y), m, n,
                                                          epsilon, weight, nullptr, nullptr, halves(sum)));
}

int kongur_kunlun_copy_rows(kongur_kunlun_context *context, const void *source, int64_t source_stride, void *target,
                            int64_t target_stride, int64_t rows, int64_t size) {
    for (int64_t row = 0; row < rows; row++) {
        int code = api::copy<int8_t>(context->xdnn, static_cast<const int8_t *>(source) + row * source_stride,
                                     static_cast<int8_t *>(target) + row * target_stride, size);
        if (code) return answer(code);
    }
    return KONGUR_KUNLUN_OK;
}

} // extern "C"
