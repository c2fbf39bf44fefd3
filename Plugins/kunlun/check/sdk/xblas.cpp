// libxpu_blas as FlagPerf (native_bench.cpp) and InfiniCore (gemm_kunlun.cc) ran it on a P800: products on the host.
#include <cublas_v2.h>
#include <xblas_legacy_api.h>

#include <algorithm>

struct cublasContext {};

cublasStatus_t cublasCreate(cublasHandle_t *handle) {
    *handle = new cublasContext;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; }

// Matrices by columns; operands in f16, sums in f32.
cublasStatus_t cublasGemmEx(
    cublasHandle_t, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k, const void *alpha,
    const void *a, cudaDataType_t a_type, int lda, const void *b, cudaDataType_t b_type, int ldb, const void *beta, void *c,
    cudaDataType_t c_type, int ldc, cublasComputeType_t, cublasGemmAlgo_t) {
    if (a_type != CUDA_R_16F || b_type != CUDA_R_16F || *static_cast<const float *>(beta) != 0) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    if (lda < (transa == CUBLAS_OP_T ? k : m) || ldb < (transb == CUBLAS_OP_T ? n : k) || ldc < m) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    const auto *left = static_cast<const float16 *>(a), *right = static_cast<const float16 *>(b);
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < m; i++) {
            float sum = 0;
            for (int l = 0; l < k; l++) {
                sum += float(transa == CUBLAS_OP_T ? left[i * lda + l] : left[l * lda + i]) *
                       float(transb == CUBLAS_OP_T ? right[l * ldb + j] : right[j * ldb + l]);
            }
            sum *= *static_cast<const float *>(alpha);
            if (c_type == CUDA_R_32F) static_cast<float *>(c)[j * ldc + i] = sum;
            else static_cast<float16 *>(c)[j * ldc + i] = float16(sum);
        }
    }
    return CUBLAS_STATUS_SUCCESS;
}

namespace baidu {
namespace xpu {
namespace xblas {

// As XDNN's: int8 counts shares of largest magnitudes, which must be given.
template <typename TX, typename TW, typename TY, typename TGEMM, typename TBIAS, typename TSCALE>
int fc_fusion(
    api::Context *context, const TX *x, const TW *w, TY *y, int64_t m, int64_t n, int64_t k, bool x_trans, bool w_trans,
    const float *x_maxptr, const float *w_maxptr, float *, int64_t ldx, int64_t ldw, int64_t ldy, float alpha, float beta,
    const TBIAS *bias, const api::Activation_t &, const TSCALE *scale_x, const TSCALE *scale_w) {
    if (x_trans || !w_trans || beta != 0 || bias != nullptr || scale_x != nullptr || scale_w != nullptr) {
        return api::INVALID_PARAM;
    }
    double unit = 1;
    for (const float *maxptr : {x_maxptr, w_maxptr}) {
        const bool is_there = maxptr != nullptr && (context->type == api::kCPU || standin_owns(maxptr, context->maxima * 4));
        if (!is_there) return api::INVALID_PARAM;
        unit *= *std::max_element(maxptr, maxptr + context->maxima) / 127;
    }
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            int64_t sum = 0;
            for (int64_t l = 0; l < k; l++) sum += int64_t(x[i * ldx + l]) * w[j * ldw + l];
            y[i * ldy + j] = TY(alpha * sum * unit);
        }
    }
    return api::SUCCESS;
}

template int fc_fusion<int8_t, int8_t, float, int8_t, float, float>(
    api::Context *, const int8_t *, const int8_t *, float *, int64_t, int64_t, int64_t, bool, bool, const float *,
    const float *, float *, int64_t, int64_t, int64_t, float, float, const float *, const api::Activation_t &,
    const float *, const float *);

}  // namespace xblas
}  // namespace xpu
}  // namespace baidu
