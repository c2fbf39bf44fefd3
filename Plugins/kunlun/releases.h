// Calls of XDNN whose name or parameters changed between releases: the compiler takes the one that this SDK declares.
//
// What is tried first is what PaddlePaddle's newest kernels call; the other is XDNN 2.0.0.725's. A name that is not declared is
// found in `absent`, whose functions take anything and are the last choice of overload resolution.
#pragma once

#include "device.h"

#include <string>
#include <type_traits>

namespace kongur {

namespace absent {
struct Missing {};
template <typename...> Missing paddle_gather(...);
template <typename...> Missing rotary_embedding_half(...);
template <typename...> Missing swiglu(...);
template <typename...> Missing gather(...);
template <typename...> Missing rotary_no_freqs_embedding_v2(...);
}  // namespace absent

namespace releases {

using namespace absent;
using namespace baidu::xpu::api;
using Numbers = std::vector<int64_t>;

template <typename Result> constexpr bool is_declared = !std::is_same<Result, Missing>::value;

// y = silu(first half) * second half, of the last axis of two, where `turn` is true: so call PaddlePaddle (swiglu_kernel.cc) and
// FastDeploy (fast_swiglu.cc), and PaddlePaddle's test_swiglu_op_xpu.py compares the result with silu(x) * y.
template <typename T> void swiglu_rows(Context *context, const T *x, T *y, int64_t m, int64_t n, bool turn) {
    const Numbers shape{m, 2 * n};
    const T *no_second_input = nullptr;
    if constexpr (is_declared<decltype(swiglu<T>(context, x, no_second_input, y, shape, int64_t(1), turn))>) {
        check_xdnn(swiglu<T>(context, x, no_second_input, y, shape, int64_t(1), turn), "swiglu");
    } else {
        check_xdnn(swiglu<T>(context, x, y, shape, int64_t(1), turn, nullptr, nullptr, nullptr), "swiglu");
    }
}

// Rows of x by index. PaddlePaddle gathers by 32,768 at most: more "may exceed grid limits" (gather_kernel.cc).
template <typename T>
void gather_rows(Context *context, const T *x, const int *rows, T *y, int64_t m, int64_t n, int64_t count) {
    constexpr int64_t most = 32768;
    const Numbers shape{m, n};
    for (int64_t start = 0; start < count; start += most) {
        const int64_t some = count - start < most ? count - start : most;
        const int *from = rows + start;
        T *to = y + start * n;
        if constexpr (is_declared<decltype(paddle_gather<T, int>(context, x, from, to, shape, some, int64_t(0)))>) {
            check_xdnn(paddle_gather<T, int>(context, x, from, to, shape, some, int64_t(0)), "paddle_gather");
        } else {
            check_xdnn(gather<T, int>(context, x, from, to, shape, some, int64_t(0)), "gather");
        }
    }
}

// Turns heads [tokens, heads, head_dim] in the half-split form, sines before cosines, both [tokens, head_dim].
// (rotary_embedding_v3 has the interleaved form.)
template <typename T>
void rotate(
    Context *context, const T *x, const T *sines, const T *cosines, T *y, int64_t tokens, int64_t heads, int64_t head_dim) {
    const Numbers shape{1, tokens, heads, head_dim}, angles{1, tokens, 1, head_dim}, none;
    const std::string layout = "BLHD";
    // No key, no lengths, no turned key.
    if constexpr (is_declared<decltype(rotary_embedding_half<T, T>(
                      context, x, nullptr, sines, cosines, nullptr, y, nullptr, shape, angles, none, 0, layout, -1,
                      10000.0f))>) {
        check_xdnn(
            rotary_embedding_half<T, T>(
                context, x, nullptr, sines, cosines, nullptr, y, nullptr, shape, angles, none, 0, layout, -1, 10000.0f),
            "rotary_embedding_half");
    } else {
        const Numbers strides{tokens * heads * head_dim, heads * head_dim, head_dim, 1};
        const Numbers angle_strides{tokens * head_dim, head_dim, head_dim, 1};
        check_xdnn(
            rotary_no_freqs_embedding_v2<T>(context, x, sines, cosines, y, shape, angles, strides, angle_strides),
            "rotary_no_freqs_embedding_v2");
    }
}

}  // namespace releases
}  // namespace kongur
