// For `make check` alone: what the XDNN functions that the shim calls are understood to do, on the host. Not the vendor's
// header; parameters are as in XDNN 2.0.0.725, bodies are ours.
#pragma once

#include "runtime.h"

#include <cmath>
#include <string>
#include <vector>

typedef _Float16 float16;

namespace baidu::xpu::api {

enum Error_t { SUCCESS = 0, INVALID_PARAM = 1, NOT_IMPLEMENT = 2 };
enum class Activation_t { LINEAR };

// What the next calls answer instead of doing anything.
inline int answer_instead = SUCCESS;
#define ANSWER_INSTEAD \
    if (answer_instead != SUCCESS) return answer_instead

struct Context {
    XPUStream stream = nullptr;
    void set_stream(XPUStream s, bool = false) { stream = s; }
};
inline int contexts = 0;
inline Context *create_context() {
    contexts++;
    return new Context;
}
inline void destroy_context(Context *context) {
    contexts--;
    delete context;
}

class ctx_guard {
  public:
    explicit ctx_guard(Context *) {}
    ~ctx_guard() {
        for (void *pointer : pointers) std::free(pointer);
    }
    template <typename T> T *alloc(size_t count) {
        pointers.push_back(std::malloc(count * sizeof(T)));
        // What was not written shows.
        std::memset(pointers.back(), 0xFF, count * sizeof(T));
        return static_cast<T *>(pointers.back());
    }

  private:
    std::vector<void *> pointers;
};

template <typename T> struct VectorParam {
    const T *cpu;
    int64_t len;
    T *xpu;
};

template <typename T, typename TID>
int embedding(Context *, const T *x, const TID *ids, T *y, int64_t xm, int64_t n, int64_t ym, int64_t padding, TID = 0) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < ym; i++) {
        if (ids[i] < 0 || ids[i] >= xm) return INVALID_PARAM;
        for (int64_t j = 0; j < n; j++) y[i * n + j] = ids[i] == padding ? T(0) : x[ids[i] * n + j];
    }
    return SUCCESS;
}

template <typename TX, typename TW, typename TY, typename TGEMM>
int fc_fusion(
    Context *, const TX *x, const TW *w, TY *y, int64_t m, int64_t n, int64_t k, bool x_trans, bool w_trans,
    const float *, const float *, float *, int64_t ldx, int64_t ldw, int64_t ldy, float alpha, float beta,
    const float *bias, const Activation_t &, const float * = nullptr, const float *scale_x = nullptr,
    const float *scale_w = nullptr) {
    ANSWER_INSTEAD;
    if (x_trans || beta != 0) return NOT_IMPLEMENT;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++) {
                sum += double(x[i * ldx + l]) * double(w_trans ? w[j * ldw + l] : w[l * ldw + j]);
            }
            const double scales = (scale_x ? scale_x[i] : 1.0) * (scale_w ? scale_w[j] : 1.0);
            y[i * ldy + j] = TY(alpha * sum * scales + (bias ? bias[j] : 0.0));
        }
    }
    return SUCCESS;
}

template <typename TX> int quant2d(Context *, const TX *x, int8_t *y, float *scale, int m, int n) {
    ANSWER_INSTEAD;
    for (int i = 0; i < m; i++) {
        float largest = 0;
        for (int j = 0; j < n; j++) largest = std::fmax(largest, std::fabs(float(x[i * n + j])));
        scale[i] = largest / 127;
        for (int j = 0; j < n; j++) {
            y[i * n + j] = largest == 0 ? 0 : int8_t(std::nearbyint(float(x[i * n + j]) / scale[i]));
        }
    }
    return SUCCESS;
}

template <typename T, typename TW>
int rms_layer_norm(
    Context *, const T *x, T *y, int64_t m, int64_t n, float eps, const TW *scale, const TW *, float *, bool = false) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < m; i++) {
        double squares = 0;
        for (int64_t j = 0; j < n; j++) squares += double(x[i * n + j]) * double(x[i * n + j]);
        const double factor = 1 / std::sqrt(squares / n + eps);
        for (int64_t j = 0; j < n; j++) y[i * n + j] = T(double(x[i * n + j]) * factor * scale[j]);
    }
    return SUCCESS;
}

template <typename T>
int add_rms_layer_norm_fusion(
    Context *context, const T *x, const T *y, T *z, int64_t m, int64_t n, float eps, const float *scale, const float *,
    float * = nullptr, T *z_add = nullptr, float * = nullptr) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < m * n; i++) z_add[i] = T(float(x[i]) + float(y[i]));
    return rms_layer_norm<T, float>(context, z_add, z, m, n, eps, scale, nullptr, nullptr);
}

// The half-split form; sines stand before cosines.
template <typename T>
int rotary_no_freqs_embedding_v2(
    Context *, const T *t, const T *sin, const T *cos, T *out, const std::vector<int64_t> &shape,
    const std::vector<int64_t> &, const std::vector<int64_t> &stride, const std::vector<int64_t> &table_stride) {
    ANSWER_INSTEAD;
    const int64_t half = shape[3] / 2;
    for (int64_t l = 0; l < shape[1]; l++) {
        for (int64_t h = 0; h < shape[2]; h++) {
            const T *x = t + l * stride[1] + h * stride[2];
            T *y = out + (l * shape[2] + h) * shape[3];
            const T *c = cos + l * table_stride[1], *s = sin + l * table_stride[1];
            for (int64_t d = 0; d < half; d++) {
                const float a = float(x[d]), b = float(x[d + half]);
                y[d] = T(a * float(c[d]) - b * float(s[d]));
                y[d + half] = T(b * float(c[d + half]) + a * float(s[d + half]));
            }
        }
    }
    return SUCCESS;
}

template <typename T> int copy2d(Context *, const T *x, T *y, int64_t m, int64_t ldx, int64_t ldy, int64_t n) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < m; i++) std::memcpy(y + i * ldy, x + i * ldx, n * sizeof(T));
    return SUCCESS;
}

template <typename TX, typename TY> int cast(Context *, const TX *x, TY *y, int64_t len) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < len; i++) y[i] = TY(x[i]);
    return SUCCESS;
}

template <typename T, typename TID>
int gather(Context *, const T *x, const TID *index, T *y, const std::vector<int64_t> &shape, int64_t count, int64_t) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < count; i++) std::memcpy(y + i * shape[1], x + index[i] * shape[1], shape[1] * sizeof(T));
    return SUCCESS;
}

template <typename T, typename TID>
int scatter(Context *, const T *x, T *y, const VectorParam<TID> &indices, int64_t dim0, int64_t dim1, bool overwrite) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < indices.len; i++) {
        if (indices.xpu[i] < 0 || indices.xpu[i] >= dim0 || !overwrite) return INVALID_PARAM;
        std::memcpy(y + indices.xpu[i] * dim1, x + i * dim1, dim1 * sizeof(T));
    }
    return SUCCESS;
}

template <typename T>
int broadcast_add(
    Context *, const T *x, const T *y, T *z, const std::vector<int64_t> &shape, const std::vector<int64_t> &) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < shape[0]; i++) z[i] = T(float(x[i]) + float(y[i]));
    return SUCCESS;
}

template <typename T>
int swiglu(
    Context *, const T *x, T *y, const std::vector<int64_t> &shape, int64_t, bool = false, const float * = nullptr,
    float * = nullptr, const T * = nullptr) {
    ANSWER_INSTEAD;
    const int64_t n = shape[1] / 2;
    for (int64_t i = 0; i < shape[0]; i++) {
        for (int64_t j = 0; j < n; j++) {
            const float gate = float(x[i * 2 * n + j]), up = float(x[i * 2 * n + n + j]);
            y[i * n + j] = T(gate / (1 + std::exp(-gate)) * up);
        }
    }
    return SUCCESS;
}

// Offsets of queries, then offsets of keys.
template <typename TID> struct NewBaseAttnParam {
    VectorParam<TID> lod;
    int64_t head_num, head_dim, key_value_head_num;
    float alpha;
};
template <typename TID> struct NewDecodeAttnParam : NewBaseAttnParam<TID> {
    NewDecodeAttnParam(
        VectorParam<TID> lod, int64_t, int64_t heads, int64_t dim, int64_t = -1, int64_t = 0, int64_t = -1,
        VectorParam<TID> = {nullptr, 0, nullptr})
        : NewBaseAttnParam<TID>{lod, heads, dim, heads, 1 / std::sqrt(float(dim))} {}
};
typedef NewDecodeAttnParam<int> DecodeAttnParam;
template <typename TID> struct PageAttnParam {
    int64_t block_size, rows, columns;
    VectorParam<TID> real_batch;
    PageAttnParam(int64_t block_size, int64_t rows, int64_t columns, VectorParam<TID> batch, int = 0, const std::string & = "HLD")
        : block_size(block_size), rows(rows), columns(columns), real_batch(batch) {}
};

template <typename TQ, typename TK, typename TV, typename TQKV, typename TGEMM, typename TZ, typename TID>
int qkv_paged_attention(
    Context *, const TQ *q, const TK *k, const TV *v, const TID *tables, TQKV *y, const float *, const float *,
    const float *, float *, const NewBaseAttnParam<TID> &base, const PageAttnParam<TID> &page) {
    ANSWER_INSTEAD;
    const int64_t batch = base.lod.len / 2 - 1, dim = base.head_dim, group = base.head_num / base.key_value_head_num;
    const TID *keys = base.lod.xpu + batch + 1;
    for (int64_t i = 0; i < batch; i++) {
        const int64_t length = keys[i + 1] - keys[i];
        for (int64_t h = 0; h < base.head_num; h++) {
            const TQ *query = q + (i * base.head_num + h) * dim;
            std::vector<double> weights(length), sums(dim);
            double largest = -INFINITY, total = 0;
            const auto row = [&](int64_t t) {
                const int64_t block = tables[page.real_batch.xpu[i] * page.columns + t / page.block_size];
                return ((block * base.key_value_head_num + h / group) * page.block_size + t % page.block_size) * dim;
            };
            for (int64_t t = 0; t < length; t++) {
                double sum = 0;
                for (int64_t d = 0; d < dim; d++) sum += double(query[d]) * double(k[row(t) + d]);
                weights[t] = sum * base.alpha;
                largest = std::fmax(largest, weights[t]);
            }
            for (int64_t t = 0; t < length; t++) total += weights[t] = std::exp(weights[t] - largest);
            for (int64_t t = 0; t < length; t++) {
                for (int64_t d = 0; d < dim; d++) sums[d] += weights[t] / total * double(v[row(t) + d]);
            }
            for (int64_t d = 0; d < dim; d++) y[(i * base.head_num + h) * dim + d] = TQKV(sums[d]);
        }
    }
    return SUCCESS;
}

}  // namespace baidu::xpu::api
