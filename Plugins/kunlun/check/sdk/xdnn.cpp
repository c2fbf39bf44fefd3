// What public code says that XDNN's functions do, on the host. Bodies are ours; each comment names what it was taken from.
#include <xpu/xdnn.h>

#include <algorithm>
#include <cmath>
#include <cstring>

const char *__XDNN_VERSION = "stand-in";

namespace {

int calls = 0, contexts = 0;
int due_code = 0, due_after = -1;

// What the call answers instead of doing anything; 0 where it does its work.
int answer_instead() {
    calls++;
    if (due_after < 0 || due_after-- > 0) return 0;
    return due_code;
}
#define ANSWER_INSTEAD \
    if (const int answer = answer_instead()) return answer

}  // namespace

void standin_answer(int code, int skipped) {
    due_code = code;
    due_after = skipped;
}
int standin_calls(void) {
    const int result = calls;
    calls = 0;
    return result;
}
int standin_contexts(void) { return contexts; }

namespace baidu {
namespace xpu {
namespace api {

// As many largest magnitudes as 2.0.0.725's newcontext.h has for each generation: 1, 4, 6, 12.
Context::Context(DeviceType type) : type(type), maxima(std::vector<int>{1, 4, 6, 12}[static_cast<int>(type)]) {
    contexts++;
}
Context::~Context() { contexts--; }
void Context::set_stream(XPUStream stream, bool) { xpu_stream = stream; }
Context *create_context() { return new Context(STANDIN_GENERATION >= 3 ? DeviceType::XPU3 : DeviceType::XPU2); }
void destroy_context(Context *context) { delete context; }

// The largest of the context's maxima; below 0 where they are missing, or on a card not in its memory: mobius/kunlun_k200's
// probe gave pointers to the host and got INVALID_PARAM.
static float largest(const Context *context, const float *maxptr) {
    if (maxptr == nullptr) return -1;
    if (context->type != kCPU && !standin_owns(maxptr, context->maxima * sizeof(float))) return -1;
    return *std::max_element(maxptr, maxptr + context->maxima);
}

// Parts of a card each find their own: PaddlePaddle takes the largest of them (GetAbsMax).
template <typename T> int findmax(Context *context, const T *x, float *maxptr, int64_t len) {
    ANSWER_INSTEAD;
    std::fill_n(maxptr, context->maxima, 0.0f);
    for (int64_t i = 0; i < len; i++) {
        float &part = maxptr[i % context->maxima];
        part = std::fmax(part, std::fabs(float(x[i])));
    }
    return SUCCESS;
}

template <typename T> int max(Context *, const T *x, const T *y, T *z, int64_t len) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < len; i++) z[i] = std::max(x[i], y[i]);
    return SUCCESS;
}

template <typename T> int scale(Context *, const T *x, T *y, int64_t len, bool after, float factor, float bias) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < len; i++) y[i] = after ? x[i] * factor + bias : (x[i] + bias) * factor;
    return SUCCESS;
}

template <typename TX, typename TY> int cast(Context *, const TX *x, TY *y, int64_t len) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < len; i++) y[i] = TY(x[i]);
    return SUCCESS;
}

// Axes of the second shape are those of the first, or 1.
template <typename T, typename F>
static int broadcast(const T *x, const T *y, T *z, const Numbers &xs, const Numbers &ys, F apply) {
    if (xs.size() != ys.size() || xs.empty() || xs.size() > 2) return INVALID_PARAM;
    for (size_t axis = 0; axis < xs.size(); axis++) {
        if (ys[axis] != xs[axis] && ys[axis] != 1) return INVALID_PARAM;
    }
    const int64_t columns = xs.back(), rows = xs.size() == 2 ? xs[0] : 1;
    const bool row_moves = xs.size() == 2 && ys[0] != 1, column_moves = ys.back() != 1 || columns == 1;
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
            const int64_t at = (row_moves ? i * ys.back() : 0) + (column_moves ? j : 0);
            z[i * columns + j] = T(apply(float(x[i * columns + j]), float(y[at])));
        }
    }
    return SUCCESS;
}
template <typename T> int broadcast_add(Context *, const T *x, const T *y, T *z, const Numbers &xs, const Numbers &ys) {
    ANSWER_INSTEAD;
    return broadcast(x, y, z, xs, ys, [](float a, float b) { return a + b; });
}
template <typename T> int broadcast_mul(Context *, const T *x, const T *y, T *z, const Numbers &xs, const Numbers &ys) {
    ANSWER_INSTEAD;
    return broadcast(x, y, z, xs, ys, [](float a, float b) { return a * b; });
}

// Axis a of the result is axis permute[a] of x.
template <typename T> int transpose(Context *, const T *x, T *y, const Numbers &shape, const Numbers &permute) {
    ANSWER_INSTEAD;
    if (shape.size() != permute.size()) return INVALID_PARAM;
    int64_t count = 1;
    for (int64_t size : shape) count *= size;
    Numbers strides(shape.size(), 1);
    for (size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, from = 0;
        for (size_t axis = shape.size(); axis-- > 0;) {
            from += rest % shape[permute[axis]] * strides[permute[axis]];
            rest /= shape[permute[axis]];
        }
        y[i] = x[from];
    }
    return SUCCESS;
}

// Of three axes the second, as PaddlePaddle takes query, key and value apart (fused_rope_utils.h).
template <typename T>
int split(Context *, const T *x, const std::vector<T *> &y, const Numbers &shape, const Numbers &parts, int64_t axis) {
    ANSWER_INSTEAD;
    int64_t total = 0;
    for (int64_t part : parts) total += part;
    if (shape.size() != 3 || axis != 1 || total != shape[1] || y.size() != parts.size()) return INVALID_PARAM;
    for (int64_t i = 0; i < shape[0]; i++) {
        int64_t first = 0;
        for (size_t part = 0; part < parts.size(); part++) {
            const int64_t size = parts[part] * shape[2];
            std::memcpy(y[part] + i * size, x + (i * shape[1] + first) * shape[2], size * sizeof(T));
            first += parts[part];
        }
    }
    return SUCCESS;
}

template <typename T> int copy2d(Context *, const T *x, T *y, int64_t m, int64_t ldx, int64_t ldy, int64_t n) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < m; i++) std::memcpy(y + i * ldy, x + i * ldx, n * sizeof(T));
    return SUCCESS;
}

template <typename T, typename TID>
static int gather_rows(const T *x, const TID *index, T *y, const Numbers &shape, int64_t count, int64_t axis) {
    if (shape.size() != 2 || axis != 0) return NOT_IMPLEMENT;
    // "may exceed grid limits for large index tensors": PaddlePaddle's gather_kernel.cc.
    if (count > 32768) return INVALID_PARAM;
    for (int64_t i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= shape[0]) return INVALID_PARAM;
        std::memcpy(y + i * shape[1], x + index[i] * shape[1], shape[1] * sizeof(T));
    }
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

// "For quant2d ops, scale represents max": vLLM-Kunlun's _custom_ops.py; FastDeploy's quant2d_per_channel.cpp.
template <typename TX> int quant2d(Context *, const TX *x, int8_t *y, float *scale, int m, int n) {
    ANSWER_INSTEAD;
    for (int i = 0; i < m; i++) {
        scale[i] = 0;
        for (int j = 0; j < n; j++) scale[i] = std::fmax(scale[i], std::fabs(float(x[i * n + j])));
        for (int j = 0; j < n; j++) {
            y[i * n + j] = scale[i] == 0 ? 0 : int8_t(std::nearbyint(float(x[i * n + j]) * 127 / scale[i]));
        }
    }
    return SUCCESS;
}

template <typename T, typename TW>
int rms_layer_norm(
    Context *, const T *x, T *y, int64_t m, int64_t n, float eps, const TW *scale, const TW *, float *, bool) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < m; i++) {
        double squares = 0;
        for (int64_t j = 0; j < n; j++) squares += double(x[i * n + j]) * double(x[i * n + j]);
        const double factor = 1 / std::sqrt(squares / n + eps);
        for (int64_t j = 0; j < n; j++) y[i * n + j] = T(double(x[i * n + j]) * factor * double(scale[j]));
    }
    return SUCCESS;
}

// The half-split form, sines before cosines: PaddlePaddle's fused rope with use_neox_rotary_style=false.
template <typename T>
static void rotate(
    const T *t, const T *sin, const T *cos, T *out, const Numbers &shape, const Numbers &stride,
    const Numbers &table_stride) {
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
}

// silu(first half) * second half with `turn`: all public callers, and PaddlePaddle's test_swiglu_op_xpu.py. Without it the
// other way round, which no public caller takes.
template <typename T> static int gate(const T *x, T *y, const Numbers &shape, int64_t axis, bool turn) {
    if (shape.size() != 2 || axis != 1 || shape[1] % 2 != 0) return INVALID_PARAM;
    const int64_t n = shape[1] / 2;
    for (int64_t i = 0; i < shape[0]; i++) {
        for (int64_t j = 0; j < n; j++) {
            const float first = float(x[i * 2 * n + j]), second = float(x[i * 2 * n + n + j]);
            const float gated = turn ? first : second, other = turn ? second : first;
            y[i * n + j] = T(gated / (1 + std::exp(-gated)) * other);
        }
    }
    return SUCCESS;
}

#if STANDIN_GENERATION >= 3

template <typename T>
int swiglu(Context *, const T *x, const T *second, T *y, const Numbers &shape, int64_t axis, bool turn) {
    ANSWER_INSTEAD;
    return second == nullptr ? gate(x, y, shape, axis, turn) : int(NOT_IMPLEMENT);
}

template <typename T, typename TID>
int paddle_gather(Context *, const T *x, const TID *index, T *y, const Numbers &shape, int64_t count, int64_t axis) {
    ANSWER_INSTEAD;
    return gather_rows(x, index, y, shape, count, axis);
}

template <typename T, typename TR>
int rotary_embedding_half(
    Context *, const T *q, const T *k, const TR *sin, const TR *cos, const int *lod, T *q_out, T *k_out,
    const Numbers &shape, const Numbers &table, const Numbers &strides, int mode, const std::string &layout, int64_t, float) {
    ANSWER_INSTEAD;
    if (k != nullptr || k_out != nullptr || lod != nullptr || !strides.empty() || mode != 0 || layout != "BLHD") {
        return NOT_IMPLEMENT;
    }
    if (shape.size() != 4 || table != Numbers{shape[0], shape[1], 1, shape[3]}) return INVALID_PARAM;
    rotate(q, sin, cos, q_out, shape, {0, shape[2] * shape[3], shape[3], 1}, {0, shape[3], shape[3], 1});
    return SUCCESS;
}

template int swiglu<float16>(Context *, const float16 *, const float16 *, float16 *, const Numbers &, int64_t, bool);
template int paddle_gather<float16, int>(Context *, const float16 *, const int *, float16 *, const Numbers &, int64_t, int64_t);
template int rotary_embedding_half<float16, float16>(
    Context *, const float16 *, const float16 *, const float16 *, const float16 *, const int *, float16 *, float16 *,
    const Numbers &, const Numbers &, const Numbers &, int, const std::string &, int64_t, float);

#else

template <typename T>
int swiglu(
    Context *, const T *x, T *y, const Numbers &shape, int64_t axis, bool turn, const float *, float *, const T *second) {
    ANSWER_INSTEAD;
    return second == nullptr ? gate(x, y, shape, axis, turn) : int(NOT_IMPLEMENT);
}

template <typename T, typename TID>
int gather(Context *, const T *x, const TID *index, T *y, const Numbers &shape, int64_t count, int64_t axis) {
    ANSWER_INSTEAD;
    return gather_rows(x, index, y, shape, count, axis);
}

template <typename T>
int rotary_no_freqs_embedding_v2(
    Context *, const T *x, const T *sin, const T *cos, T *y, const Numbers &shape, const Numbers &,
    const Numbers &strides, const Numbers &table_strides) {
    ANSWER_INSTEAD;
    rotate(x, sin, cos, y, shape, strides, table_strides);
    return SUCCESS;
}

template <typename T>
int add_rms_layer_norm_fusion(
    Context *, const T *x, const T *y, T *z, int64_t m, int64_t n, float eps, const float *scale, const float *, float *,
    T *z_add, float *) {
    ANSWER_INSTEAD;
    for (int64_t i = 0; i < m; i++) {
        double squares = 0;
        for (int64_t j = i * n; j < (i + 1) * n; j++) {
            z_add[j] = T(float(x[j]) + float(y[j]));
            squares += double(z_add[j]) * double(z_add[j]);
        }
        const double factor = 1 / std::sqrt(squares / n + eps);
        for (int64_t j = 0; j < n; j++) z[i * n + j] = T(double(z_add[i * n + j]) * factor * scale[j]);
    }
    return SUCCESS;
}

// int8 counts shares of largest magnitudes, which must be given: Paddle-Lite's __xpu__fc_compute.cc, which has those of each
// channel in `scale` and never gives the last two. The vendor's quant.h reads the pointer without a question.
template <typename TX, typename TW, typename TY, typename TGEMM>
int fc_fusion(
    Context *context, const TX *x, const TW *w, TY *y, int64_t m, int64_t n, int64_t k, bool x_trans, bool w_trans,
    const float *x_maxptr, const float *w_maxptr, float *, int64_t ldx, int64_t ldw, int64_t ldy, float alpha, float beta,
    const float *bias, const Activation_t &, const float *scale, const float *scale_x, const float *scale_w) {
    ANSWER_INSTEAD;
    if (x_trans || beta != 0 || scale_x != nullptr || scale_w != nullptr) return INVALID_PARAM;
    double unit = 1;
    if (sizeof(TX) == 1) {
        const float x_max = largest(context, x_maxptr), w_max = largest(context, w_maxptr);
        if (x_max < 0 || w_max < 0) return INVALID_PARAM;
        unit = double(x_max) / 127 * w_max / 127;
    }
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++) {
                sum += double(x[i * ldx + l]) * double(w_trans ? w[j * ldw + l] : w[l * ldw + j]);
            }
            y[i * ldy + j] = TY(alpha * sum * unit * (scale ? scale[j] : 1.0f) + (bias ? bias[j] : 0.0f));
        }
    }
    return SUCCESS;
}

template int swiglu<float16>(
    Context *, const float16 *, float16 *, const Numbers &, int64_t, bool, const float *, float *, const float16 *);
template int gather<float16, int>(Context *, const float16 *, const int *, float16 *, const Numbers &, int64_t, int64_t);
template int rotary_no_freqs_embedding_v2<float16>(
    Context *, const float16 *, const float16 *, const float16 *, float16 *, const Numbers &, const Numbers &,
    const Numbers &, const Numbers &);
template int add_rms_layer_norm_fusion<float16>(
    Context *, const float16 *, const float16 *, float16 *, int64_t, int64_t, float, const float *, const float *, float *,
    float16 *, float *);
// The weights' type that 2.0.0.725's header has where none is named.
template int rms_layer_norm<float16, float>(
    Context *, const float16 *, float16 *, int64_t, int64_t, float, const float *, const float *, float *, bool);
#define FC_FUSION(TX, TY, TGEMM)                                                                                            \
    template int fc_fusion<TX, TX, TY, TGEMM>(                                                                              \
        Context *, const TX *, const TX *, TY *, int64_t, int64_t, int64_t, bool, bool, const float *, const float *, float *, \
        int64_t, int64_t, int64_t, float, float, const float *, const Activation_t &, const float *, const float *,         \
        const float *)
// PaddlePaddle's xpu_api_wrapper.h, and Paddle-Lite for int8.
FC_FUSION(float16, float16, int16_t);
FC_FUSION(float16, float16, float);
FC_FUSION(float16, float16, float16);
FC_FUSION(int8_t, float, int8_t);
#ifdef STANDIN_WIDE
FC_FUSION(float16, float, int16_t);
#endif

#endif

// Numbers as whole shares of a largest magnitude; what is larger is cut off.
static double share(double number, float largest) {
    if (largest == 0) return 0;
    return std::clamp(std::nearbyint(number / largest * 32767), -32767.0, 32767.0) * largest / 32767;
}

// One row of the block table for each sequence, largest magnitudes given where quant_type is 0: PaddlePaddle's
// block_multi_head_attention_kernel.cc, which refuses query heads that share a key head. On the third generation they are taken
// here, so that both answers are tried.
template <typename TQ, typename TK, typename TV, typename TQKV, typename TGEMM, typename TZ, typename TID>
int qkv_paged_attention(
    Context *context, const TQ *q, const TK *k, const TV *v, const TID *tables, TQKV *y, const float *max_q,
    const float *max_k, const float *max_v, float *, const NewBaseAttnParam<TID> &base, const PageAttnParam<TID> &page,
    const TQ *k_cur, const TQ *v_cur, const float *, const float *, const TZ *, const TZ *) {
    ANSWER_INSTEAD;
    const float q_max = largest(context, max_q), k_max = largest(context, max_k), v_max = largest(context, max_v);
    if (q_max < 0 || k_max < 0 || v_max < 0 || page.quant_type != 0 || k_cur || v_cur) return INVALID_PARAM;
    if (STANDIN_GENERATION < 3 && base.key_value_head_num != base.head_num) return INVALID_PARAM;
    const int64_t batch = base.lod.len / 2 - 1, dim = base.head_dim, group = base.head_num / base.key_value_head_num;
    if (page.real_batch.len != batch || page.max_batch_size != batch) return INVALID_PARAM;
    for (int64_t i = 0; i < batch; i++) {
        if (page.real_batch.cpu[i] != i || page.real_batch.xpu[i] != i) return INVALID_PARAM;
        const int64_t length = base.lod.xpu[batch + 2 + i] - base.lod.xpu[batch + 1 + i];
        if (length <= 0 || length > base.max_seqlen || base.lod.xpu[i + 1] - base.lod.xpu[i] != 1) return INVALID_PARAM;
        if (length > page.max_num_blocks_per_seq * page.block_size) return INVALID_PARAM;
    }
    const double alpha = base.alpha == 0 ? 1 / std::sqrt(double(dim)) : base.alpha;
    const TID *keys = base.lod.xpu + batch + 1;
    for (int64_t i = 0; i < batch; i++) {
        const int64_t length = keys[i + 1] - keys[i];
        for (int64_t h = 0; h < base.head_num; h++) {
            const TQ *query = q + (i * base.head_num + h) * dim;
            std::vector<double> weights(length), sums(dim);
            double most = -INFINITY, total = 0;
            const auto row = [&](int64_t t) {
                const int64_t block = tables[i * page.max_num_blocks_per_seq + t / page.block_size];
                return ((block * base.key_value_head_num + h / group) * page.block_size + t % page.block_size) * dim;
            };
            for (int64_t t = 0; t < length; t++) {
                double sum = 0;
                for (int64_t d = 0; d < dim; d++) sum += share(double(query[d]), q_max) * share(double(k[row(t) + d]), k_max);
                weights[t] = sum * alpha;
                most = std::fmax(most, weights[t]);
            }
            for (int64_t t = 0; t < length; t++) total += weights[t] = std::exp(weights[t] - most);
            for (int64_t t = 0; t < length; t++) {
                for (int64_t d = 0; d < dim; d++) sums[d] += weights[t] / total * share(double(v[row(t) + d]), v_max);
            }
            for (int64_t d = 0; d < dim; d++) y[(i * base.head_num + h) * dim + d] = TQKV(sums[d]);
        }
    }
    return SUCCESS;
}

template int findmax<float16>(Context *, const float16 *, float *, int64_t);
template int max<float>(Context *, const float *, const float *, float *, int64_t);
template int scale<float>(Context *, const float *, float *, int64_t, bool, float, float);
template int cast<float, float16>(Context *, const float *, float16 *, int64_t);
template int cast<float16, float>(Context *, const float16 *, float *, int64_t);
template int broadcast_add<float16>(Context *, const float16 *, const float16 *, float16 *, const Numbers &, const Numbers &);
template int broadcast_add<float>(Context *, const float *, const float *, float *, const Numbers &, const Numbers &);
template int broadcast_mul<float>(Context *, const float *, const float *, float *, const Numbers &, const Numbers &);
template int transpose<float16>(Context *, const float16 *, float16 *, const Numbers &, const Numbers &);
template int split<float16>(
    Context *, const float16 *, const std::vector<float16 *> &, const Numbers &, const Numbers &, int64_t);
template int copy2d<float>(Context *, const float *, float *, int64_t, int64_t, int64_t, int64_t);
template int scatter<float16, int>(Context *, const float16 *, float16 *, const VectorParam<int> &, int64_t, int64_t, bool);
template int quant2d<float16>(Context *, const float16 *, int8_t *, float *, int, int);
// PaddlePaddle's rms_norm_kernel.cc and FastDeploy's fused_rms_norm.cc: weights of the activations' type.
template int rms_layer_norm<float16, float16>(
    Context *, const float16 *, float16 *, int64_t, int64_t, float, const float16 *, const float16 *, float *, bool);
template int qkv_paged_attention<float16, float16, float16, float16, int16_t, float, int>(
    Context *, const float16 *, const float16 *, const float16 *, const int *, float16 *, const float *, const float *,
    const float *, float *, const NewBaseAttnParam<int> &, const PageAttnParam<int> &, const float16 *, const float16 *,
    const float *, const float *, const float *, const float *);

}  // namespace api
}  // namespace xpu
}  // namespace baidu
