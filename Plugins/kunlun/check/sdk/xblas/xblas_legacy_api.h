// A stand-in for libxpu_blas's fc_fusion as FlagPerf called it on a P800 (native_bench.cpp). Not the vendor's header.
#pragma once

#include <xpu/xdnn.h>

namespace baidu {
namespace xpu {
namespace xblas {

template <typename TX, typename TW, typename TY, typename TGEMM, typename TBIAS, typename TSCALE>
int fc_fusion(
    api::Context *, const TX *x, const TW *w, TY *y, int64_t m, int64_t n, int64_t k, bool x_trans, bool w_trans,
    const float *x_maxptr, const float *w_maxptr, float *y_maxptr, int64_t ldx, int64_t ldw, int64_t ldy, float alpha,
    float beta, const TBIAS *bias, const api::Activation_t &act, const TSCALE *scale_x = nullptr,
    const TSCALE *scale_w = nullptr);

}  // namespace xblas
}  // namespace xpu
}  // namespace baidu
