// A stand-in for the XDNN that the shim calls. Not the vendor's header: names and parameters are those of public callers and of
// XDNN 2.0.0.725, or with STANDIN_GENERATION 3 those of PaddlePaddle's newest kernels for a P800. Only what public code
// instantiates is instantiated (xdnn.cpp), so that anything else does not link.
#ifndef STANDIN_XDNN_H
#define STANDIN_XDNN_H

#include <xpu/runtime.h>

#include <cstdint>
#include <string>
#include <vector>

#ifndef STANDIN_GENERATION
#define STANDIN_GENERATION 2
#endif

typedef _Float16 float16;

extern const char *__XDNN_VERSION;

namespace baidu {
namespace xpu {
namespace api {

enum Error_t { SUCCESS = 0, INVALID_PARAM = 1, RUNTIME_ERROR = 2, NO_ENOUGH_WORKSPACE = 3, NOT_IMPLEMENT = 4 };
enum class Activation_t { LINEAR };

enum class DeviceType { CPU = 0, XPU1 = 1, XPU2 = 2, XPU3 = 3 };
constexpr DeviceType kCPU = DeviceType::CPU;

// On the processor there is one largest magnitude; a card wants as many as it has parts.
struct Context {
    Context(DeviceType type);
    ~Context();
    void set_stream(XPUStream stream, bool destroys = false);
    int max_ptr_size() const { return maxima; }
    DeviceType type;
    int maxima;
    XPUStream xpu_stream = nullptr;
};
Context *create_context();
void destroy_context(Context *context);

class ctx_guard {
  public:
    ctx_guard(Context *) {}
    ctx_guard(const ctx_guard &) = delete;
    ~ctx_guard() {
        for (void *area : areas) standin_take_back(area);
    }
    template <typename T> T *alloc(size_t count) {
        areas.push_back(standin_lend(count * sizeof(T)));
        return static_cast<T *>(areas.back());
    }

  private:
    std::vector<void *> areas;
};

template <typename T> struct VectorParam {
    const T *cpu;
    int64_t len;
    T *xpu;
};

using Numbers = std::vector<int64_t>;

template <typename T> int findmax(Context *, const T *x, float *maxptr, int64_t len);
template <typename T> int max(Context *, const T *x, const T *y, T *z, int64_t len);
template <typename T> int scale(Context *, const T *x, T *y, int64_t len, bool bias_after_scale, float factor, float bias);
template <typename TX, typename TY> int cast(Context *, const TX *x, TY *y, int64_t len);
template <typename T> int broadcast_add(Context *, const T *x, const T *y, T *z, const Numbers &xs, const Numbers &ys);
template <typename T> int broadcast_mul(Context *, const T *x, const T *y, T *z, const Numbers &xs, const Numbers &ys);
template <typename T> int transpose(Context *, const T *x, T *y, const Numbers &shape, const Numbers &permute);
template <typename T>
int split(Context *, const T *x, const std::vector<T *> &y, const Numbers &shape, const Numbers &parts, int64_t axis);
template <typename T> int copy2d(Context *, const T *x, T *y, int64_t m, int64_t ldx, int64_t ldy, int64_t n);
template <typename T, typename TID>
int scatter(Context *, const T *x, T *y, const VectorParam<TID> &indices, int64_t dim0, int64_t dim1, bool overwrite);
template <typename TX> int quant2d(Context *, const TX *x, int8_t *y, float *scale, int m, int n);
template <typename T, typename TW = float>
int rms_layer_norm(
    Context *, const T *x, T *y, int64_t m, int64_t n, float eps, const TW *scale, const TW *bias, float *var,
    bool is_rstd = false);

#if STANDIN_GENERATION >= 3
template <typename T>
int swiglu(Context *, const T *x, const T *second, T *y, const Numbers &shape, int64_t axis, bool turn);
template <typename T, typename TID>
int paddle_gather(Context *, const T *x, const TID *index, T *y, const Numbers &shape, int64_t count, int64_t axis);
template <typename T, typename TR>
int rotary_embedding_half(
    Context *, const T *q, const T *k, const TR *sin, const TR *cos, const int *lod, T *q_out, T *k_out,
    const Numbers &shape, const Numbers &table, const Numbers &strides, int mode, const std::string &layout,
    int64_t kv_heads, float base);
template <typename T>
int add_rms_layer_norm_fusion(
    Context *, const T *x, const T *y, T *z, int64_t m, int64_t n, float eps, const float *scale, const float *bias,
    float *var = nullptr, T *z_add = nullptr, float *z_max = nullptr);
#else
template <typename T>
int swiglu(
    Context *, const T *x, T *y, const Numbers &shape, int64_t axis, bool turn = false, const float *max_x = nullptr,
    float *max_y = nullptr, const T *second = nullptr);
template <typename T, typename TID>
int gather(Context *, const T *x, const TID *index, T *y, const Numbers &shape, int64_t count, int64_t axis);
template <typename T>
int rotary_no_freqs_embedding_v2(
    Context *, const T *x, const T *sin, const T *cos, T *y, const Numbers &shape, const Numbers &table,
    const Numbers &strides, const Numbers &table_strides);
template <typename T>
int add_rms_layer_norm_fusion(
    Context *, const T *x, const T *y, T *z, int64_t m, int64_t n, float eps, const float *scale, const float *bias,
    float *var = nullptr, T *z_add = nullptr, float *z_max = nullptr);
template <typename TX, typename TW, typename TY, typename TGEMM>
int fc_fusion(
    Context *, const TX *x, const TW *w, TY *y, int64_t m, int64_t n, int64_t k, bool x_trans, bool w_trans,
    const float *x_maxptr, const float *w_maxptr, float *y_maxptr, int64_t ldx, int64_t ldw, int64_t ldy, float alpha,
    float beta, const float *bias, const Activation_t &act, const float *scale = nullptr, const float *scale_x = nullptr,
    const float *scale_w = nullptr);
#endif

// Offsets of queries, then offsets of keys; `alpha` of 0 is 1 / sqrt(head_dim).
template <typename TID> struct NewBaseAttnParam {
    VectorParam<TID> lod;
    int64_t max_seqlen, head_num, head_dim, key_value_head_num;
    float alpha;
};
template <typename TID> struct NewDecodeAttnParam : NewBaseAttnParam<TID> {
    int64_t vbatch;
    NewDecodeAttnParam(
        VectorParam<TID> lod, int64_t longest, int64_t heads, int64_t dim, int64_t = -1, int64_t = 0, int64_t vbatch = -1,
        VectorParam<TID> = {nullptr, 0, nullptr})
        : NewBaseAttnParam<TID>{lod, longest, heads, dim, heads, 0.0f}, vbatch(vbatch) {}
};
typedef NewDecodeAttnParam<int> DecodeAttnParam;
template <typename TID> struct PageAttnParam {
    int64_t block_size, max_batch_size, max_num_blocks_per_seq;
    VectorParam<TID> real_batch;
    int quant_type;
    PageAttnParam(
        int64_t block_size, int64_t rows, int64_t columns, VectorParam<TID> batch, int quant_type = 0,
        const std::string & = "HLD")
        : block_size(block_size), max_batch_size(rows), max_num_blocks_per_seq(columns), real_batch(batch),
          quant_type(quant_type) {}
};

template <typename TQ, typename TK, typename TV, typename TQKV, typename TGEMM, typename TZ, typename TID = int>
int qkv_paged_attention(
    Context *, const TQ *q, const TK *k, const TV *v, const TID *block_tables, TQKV *qkv, const float *max_q,
    const float *max_k, const float *max_v, float *max_qkv, const NewBaseAttnParam<TID> &base,
    const PageAttnParam<TID> &page, const TQ *k_cur = nullptr, const TQ *v_cur = nullptr, const float *scale_k = nullptr,
    const float *scale_v = nullptr, const TZ *mask = nullptr, const TZ *gate = nullptr);

}  // namespace api
}  // namespace xpu
}  // namespace baidu

extern "C" {
// For the check. After `skipped` more calls the library answers `code` instead of doing anything, once.
void standin_answer(int code, int skipped);
// Calls since the last question, and contexts that were not given back.
int standin_calls(void);
int standin_contexts(void);
}

#endif
