// Matrix products y = x weight^T: by XDNN's fc_fusion on Kunlun 1 and 2, by libxpu_blas on Kunlun 3.
#pragma once

#include "device.h"

#include <limits>

namespace kongur {

// Whether an integer parameter of the vendor's fits.
inline void check_size(int64_t size, const char *call) {
    if (size > std::numeric_limits<int>::max()) refuse(call, api::INVALID_PARAM);
}

// z = x + y and z = x * y of f32 [m, n] and [rows, columns], either of which may be 1.
inline void add_f32(
    api::Context *context, const float *x, const float *y, float *z, int64_t m, int64_t n, int64_t rows, int64_t columns) {
    XDNN(
        api::broadcast_add<float>, context, x, y, z, (std::vector<int64_t>{m, n}), (std::vector<int64_t>{rows, columns}));
}
inline void multiply_f32(
    api::Context *context, const float *x, const float *y, float *z, int64_t m, int64_t n, int64_t rows, int64_t columns) {
    XDNN(
        api::broadcast_mul<float>, context, x, y, z, (std::vector<int64_t>{m, n}), (std::vector<int64_t>{rows, columns}));
}

struct ProductShape {
    int64_t m, n, k;
    int64_t count() const { return m * n; }
};

class Products {
  public:
#if KONGUR_KUNLUN_GENERATION >= 3 && !defined(KONGUR_KUNLUN_HOST)
    explicit Products(XPUStream stream) {
        check_blas(cublasCreate(&blas_), "cublasCreate");
        if (stream != nullptr) check_blas(cublasSetStream(blas_, static_cast<cudaStream_t>(stream)), "cublasSetStream");
    }
#else
    explicit Products(XPUStream) {}
#endif
    Products(const Products &) = delete;
    Products &operator=(const Products &) = delete;
    ~Products() {
#if KONGUR_KUNLUN_GENERATION >= 3 && !defined(KONGUR_KUNLUN_HOST)
        if (blas_ != nullptr) cublasDestroy(blas_);
#endif
        if (largest_ != nullptr) release(largest_);
    }

    // Operands in f16.
    void half(
        api::Context *context, const float16 *x, const float16 *weight, const float *bias, ProductShape shape, bool wide,
        void *y) {
#if KONGUR_KUNLUN_GENERATION >= 3
        if (bias == nullptr) return multiply(x, weight, shape, y, wide);
        // libxpu_blas adds no bias.
        Areas areas(context);
        float *sums = areas.take<float>(shape.count());
        multiply(x, weight, shape, sums, true);
        finish(context, areas, sums, bias, shape, wide, y);
#else
#ifdef KONGUR_XDNN_WIDE
        if (wide && takes_wide_) {
            const int answer = fuse(context, x, weight, bias, shape, static_cast<float *>(y));
            if (answer != api::INVALID_PARAM && answer != api::NOT_IMPLEMENT) return check_xdnn(answer, "fc_fusion");
            takes_wide_ = false;
        }
#endif
        if (!wide) return check_xdnn(fuse(context, x, weight, bias, shape, static_cast<float16 *>(y)), "fc_fusion");
        // No public caller has a result in f32 of operands in f16.
        Areas areas(context);
        float16 *rounded = areas.take<float16>(shape.count());
        check_xdnn(fuse(context, x, weight, bias, shape, rounded), "fc_fusion");
        XDNN((api::cast<float16, float>), context, rounded, static_cast<float *>(y), shape.count());
#endif
    }

    // Operands in int8, of which `row_scales` [m] and `scales` [n] make numbers.
    void quantized(
        api::Context *context, const int8_t *x, const int8_t *weight, const float *row_scales, const float *scales,
        const float *bias, ProductShape shape, bool wide, void *y) {
        Areas areas(context);
        float *sums = areas.take<float>(shape.count()), *scaled = areas.take<float>(shape.count());
        sum(context, x, weight, shape, sums);
        multiply_f32(context, sums, row_scales, scaled, shape.m, shape.n, shape.m, 1);
        float *result = wide && bias == nullptr ? static_cast<float *>(y) : sums;
        multiply_f32(context, scaled, scales, result, shape.m, shape.n, 1, shape.n);
        if (result != y) finish(context, areas, result, bias, shape, wide, y);
    }

  private:
    // Adds the bias and rounds to f16, where these are asked for.
    static void finish(
        api::Context *context, Areas &areas, const float *sums, const float *bias, ProductShape shape, bool wide, void *y) {
        const float *result = sums;
        if (bias != nullptr) {
            float *target = wide ? static_cast<float *>(y) : areas.take<float>(shape.count());
            add_f32(context, sums, bias, target, shape.m, shape.n, 1, shape.n);
            result = target;
        }
        if (!wide) XDNN((api::cast<float, float16>), context, result, static_cast<float16 *>(y), shape.count());
    }

    // The sums of products of whole numbers, in f32. The library counts int8 as shares of a largest magnitude, so that one of
    // 127 on both sides leaves the numbers as they are: so did FlagPerf on a P800, where the sums were exact
    // (native_bench.cpp). The largest magnitudes must be given, on the device.
    void sum(api::Context *context, const int8_t *x, const int8_t *weight, ProductShape shape, float *sums) {
#ifndef KONGUR_XDNN_INT8
        (void)context, (void)x, (void)weight, (void)shape, (void)sums;
        refuse("fc_fusion of int8, which this SDK lacks,", api::NOT_IMPLEMENT);
#else
        if (largest_ == nullptr) {
            const std::vector<float> values(kLargestCount, 127.0f);
            void *pointer = nullptr;
            check_runtime(allocate(&pointer, values.size() * sizeof(float)));
            largest_ = static_cast<float *>(pointer);
            check_runtime(copy(largest_, values.data(), values.size() * sizeof(float), XPU_HOST_TO_DEVICE));
        }
#if KONGUR_KUNLUN_GENERATION >= 3
        check_xdnn(
            (baidu::xpu::xblas::fc_fusion<int8_t, int8_t, float, int8_t, float, float>(
                context, x, weight, sums, shape.m, shape.n, shape.k, false, true, largest_, largest_, nullptr, shape.k,
                shape.k, shape.n, 1.0f, 0.0f, nullptr, api::Activation_t::LINEAR)),
            "xblas::fc_fusion");
#else
        check_xdnn(
            (api::fc_fusion<int8_t, int8_t, float, int8_t>(
                context, x, weight, sums, shape.m, shape.n, shape.k, false, true, largest_, largest_, nullptr, shape.k,
                shape.k, shape.n, 1.0f, 0.0f, nullptr, api::Activation_t::LINEAR)),
            "fc_fusion");
#endif
#endif
    }

#if KONGUR_KUNLUN_GENERATION >= 3
    static void check_blas(int answer, const char *call) {
        switch (answer) {
        case CUBLAS_STATUS_SUCCESS: return;
        case CUBLAS_STATUS_ALLOC_FAILED: throw Failure{kOutOfMemory};
        case CUBLAS_STATUS_INVALID_VALUE:
        case CUBLAS_STATUS_ARCH_MISMATCH:
        case CUBLAS_STATUS_NOT_SUPPORTED: refuse(call, answer);
        default: fail(call, answer);
        }
    }

    // Matrices by columns: y^T [n, m] = weight [n, k] x^T [k, m]. FlagPerf ran f16 to f32 on a P800, InfiniCore f16 to f16.
    void multiply(const float16 *x, const float16 *weight, ProductShape shape, void *y, bool wide) {
#ifdef KONGUR_KUNLUN_HOST
        (void)x, (void)weight, (void)shape, (void)y, (void)wide;
        refuse("cublasGemmEx, which has no reference on the host,", api::NOT_IMPLEMENT);
#else
        for (int64_t size : {shape.m, shape.n, shape.k}) check_size(size, "cublasGemmEx");
        const int m = static_cast<int>(shape.m), n = static_cast<int>(shape.n), k = static_cast<int>(shape.k);
        const float one = 1, zero = 0;
        check_blas(
            cublasGemmEx(
                blas_, CUBLAS_OP_T, CUBLAS_OP_N, n, m, k, &one, weight, CUDA_R_16F, k, x, CUDA_R_16F, k, &zero, y,
                wide ? CUDA_R_32F : CUDA_R_16F, n, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
            "cublasGemmEx");
#endif
    }
#else
    template <typename TY>
    static int fuse(
        api::Context *context, const float16 *x, const float16 *weight, const float *bias, ProductShape shape, TY *y) {
        return api::fc_fusion<float16, float16, TY, KONGUR_XDNN_PRODUCT>(
            context, x, weight, y, shape.m, shape.n, shape.k, false, true, nullptr, nullptr, nullptr, shape.k, shape.k,
            shape.n, 1.0f, 0.0f, bias, api::Activation_t::LINEAR);
    }
#endif

#if KONGUR_KUNLUN_GENERATION >= 3 && !defined(KONGUR_KUNLUN_HOST)
    cublasHandle_t blas_ = nullptr;
#elif defined(KONGUR_XDNN_WIDE)
    bool takes_wide_ = true;
#endif
    // More than any generation has of them.
    static constexpr size_t kLargestCount = 128;
    float *largest_ = nullptr;
};

}  // namespace kongur
