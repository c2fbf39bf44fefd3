// Declarations with which the plug-in's syntax can be checked where there is no SDK: `make check`.
//
// They state what is publicly known of XDNN's functions, in our words, and are no replacement for the vendor's headers:
// parameters that we do not pass are left out, and every version of the library has its own. A build for a card includes
// the SDK's headers instead.
#pragma once

#include <cstdint>
#include <string>

struct float16 {
    uint16_t bits;
};
typedef void *XPUStream;

extern "C" int xpu_memcpy(void *target, const void *source, uint64_t size, int kind);
extern "C" int xpu_malloc(void **pointer, uint64_t size, int kind);
extern "C" int xpu_free(void *pointer);
extern "C" int xpu_wait(XPUStream stream);

namespace baidu {
namespace xpu {
namespace api {

class Context {
  public:
    int set_stream(XPUStream stream);
    int max_ptr_size();
};

class Activation_t {
  public:
    enum act_enum { LINEAR };
    Activation_t(act_enum kind);
};

Context *create_context();
void destroy_context(Context *context);

template <typename T, typename TID>
int embedding(Context *context, const T *table, const TID *ids, T *y, int64_t rows, int64_t width, int64_t count,
              int64_t padding, TID start = 0);

template <typename TX, typename TW, typename TY, typename TGEMM>
int fc_fusion(Context *context, const TX *x, const TW *w, TY *y, int64_t m, int64_t n, int64_t k, bool x_trans,
              bool w_trans, const float *x_max, const float *w_max, float *y_max, int64_t ldx, int64_t ldw, int64_t ldy,
              float alpha, float beta, const float *bias, const Activation_t &activation, const float *scale = nullptr,
              const float *scale_x = nullptr, const float *scale_w = nullptr);

template <typename TX> int quant2d(Context *context, const TX *x, int8_t *y, float *scale, int64_t m, int64_t n);

template <typename T, typename TW>
int rms_layer_norm(Context *context, const T *x, T *y, int64_t m, int64_t n, float epsilon, const TW *scale,
                   const TW *bias, float *variance, bool is_rstd = false);

template <typename T>
int add_rms_layer_norm_fusion(Context *context, const T *x, const T *y, T *z, int64_t m, int64_t n, float epsilon,
                              const float *scale, const float *bias, float *variance = nullptr, T *sum = nullptr,
                              float *z_max = nullptr);

template <typename T> int copy(Context *context, const T *source, T *target, int64_t count);

} // namespace api
} // namespace xpu
} // namespace baidu
