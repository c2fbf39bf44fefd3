// The operators of kongur_kunlun_ops.h by XDNN, Baidu's operator library for Kunlun. NEVER RUN ON A CARD.
//
// XDNN is C++ whose symbols change from release to release, so this is compiled where it runs, against the XDNN that is
// there (README.md). `make check` runs it over functions of ours that do on the host what XDNN's are understood to do, which
// proves the shim, not that understanding: `kongur doctor` compares each operator with the reference on the card.
// UNVERIFIED marks what is not known from a public signature and a public call.
#include "kongur_kunlun_ops.h"

#include <xpu/runtime.h>
#include <xpu/xdnn.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

// The type in which products are made: int16_t is what callers take on Kunlun 1 and 2, float16 and float what they take on
// Kunlun 3. UNVERIFIED which of them each release has with a result in f32.
#ifndef KONGUR_XDNN_PRODUCT
#define KONGUR_XDNN_PRODUCT int16_t
#endif

// What products in int8 are multiplied by. UNVERIFIED: 1 where fc_fusion takes scales, 127 where it takes the largest
// magnitudes of weights; the ratio that `kongur doctor` finds between the card and the reference says which.
#ifndef KONGUR_XDNN_INT8_FACTOR
#define KONGUR_XDNN_INT8_FACTOR 1.0f
#endif

namespace {

namespace api = baidu::xpu::api;
using namespace baidu::xpu::api;

// An answer that is not success, on its way out.
struct Failure {
    int code;
};

// Codes of the runtime.
constexpr int kOutOfHostMemory = 706;
constexpr int kUnexpected = 800;

void check_runtime(int answer) {
    if (answer != 0) throw Failure{answer};
}

// XDNN refuses shapes and types with two of its codes before it does anything. Others come from the device.
void check_xdnn(int answer, const char *call) {
    if (answer == api::SUCCESS) return;
    if (answer == api::INVALID_PARAM || answer == api::NOT_IMPLEMENT) throw Failure{KONGUR_KUNLUN_UNSUPPORTED};
    std::fprintf(stderr, "kongur_kunlun_xdnn: %s answered %d\n", call, answer);
    throw Failure{kUnexpected};
}
#define XDNN(call, ...) check_xdnn(call(__VA_ARGS__), #call)

// No exception may leave a C function.
template <typename Body> int guarded(Body body) noexcept {
    try {
        body();
        return KONGUR_KUNLUN_OK;
    } catch (const Failure &failure) {
        return failure.code;
    } catch (const std::bad_alloc &) {
        return kOutOfHostMemory;
    } catch (...) {
        return kUnexpected;
    }
}

// Values that the host makes and the device reads. They are sent when they differ from those of the last call: the layers of
// a step ask for the same ones.
template <typename T> class Mirror {
  public:
    Mirror() = default;
    Mirror(const Mirror &) = delete;
    Mirror &operator=(const Mirror &) = delete;
    ~Mirror() {
        if (device_ != nullptr) xpu_free(device_);
    }

    const T *send(std::vector<T> values, XPUStream stream) {
        if (device_ != nullptr && values == host_) return device_;
        // What still runs may read the old values.
        check_runtime(xpu_wait(stream));
        host_.clear();
        if (values.size() > capacity_) {
            if (device_ != nullptr) {
                T *old = device_;
                device_ = nullptr;
                capacity_ = 0;
                check_runtime(xpu_free(old));
            }
            void *pointer = nullptr;
            check_runtime(xpu_malloc(&pointer, values.size() * sizeof(T), XPU_MEM_MAIN));
            device_ = static_cast<T *>(pointer);
            capacity_ = values.size();
        }
        check_runtime(xpu_memcpy(device_, values.data(), values.size() * sizeof(T), XPU_HOST_TO_DEVICE));
        host_ = std::move(values);
        return device_;
    }

    VectorParam<T> vector() const { return {host_.data(), static_cast<int64_t>(host_.size()), device_}; }

  private:
    std::vector<T> host_;
    T *device_ = nullptr;
    size_t capacity_ = 0;
};

const float16 *half(const uint16_t *pointer) { return reinterpret_cast<const float16 *>(pointer); }
float16 *half(uint16_t *pointer) { return reinterpret_cast<float16 *>(pointer); }

}  // namespace

struct kongur_kunlun_context {
    api::Context *xdnn = nullptr;
    XPUStream stream = nullptr;
    // Cosines and sines, sent as f32 and turned into f16 on the device, where rounding is the library's.
    Mirror<float> cosines, sines;
    // The cache's rows for each head of each token that is kept, and these tokens.
    Mirror<int> rows, kept;
    // Where queries and keys of each row start, and the row of the block table that it reads.
    Mirror<int> lods, sequences;

    ~kongur_kunlun_context() {
        if (xdnn == nullptr) return;
        xpu_wait(stream);
        api::destroy_context(xdnn);
    }
};

namespace {

template <typename TX, typename TW, typename TY, typename TGEMM>
void product_into(
    kongur_kunlun_context *context, const TX *x, const TW *weight, const float *bias, int64_t m, int64_t n, int64_t k,
    TY *y, float factor, const float *x_scales, const float *weight_scales) {
    const int answer = api::fc_fusion<TX, TW, TY, TGEMM>(
        context->xdnn, x, weight, y, m, n, k, false, true, nullptr, nullptr, nullptr, k, k, n, factor, 0.0f, bias,
        Activation_t::LINEAR, nullptr, x_scales, weight_scales);
    check_xdnn(answer, "fc_fusion");
}

template <typename TX, typename TW, typename TGEMM>
void product(
    kongur_kunlun_context *context, const TX *x, const TW *weight, const float *bias, int64_t m, int64_t n, int64_t k,
    int wide, void *y, float factor, const float *x_scales, const float *weight_scales) {
    if (m == 0 || n == 0) return;
    if (wide) {
        product_into<TX, TW, float, TGEMM>(
            context, x, weight, bias, m, n, k, static_cast<float *>(y), factor, x_scales, weight_scales);
    } else {
        product_into<TX, TW, float16, TGEMM>(
            context, x, weight, bias, m, n, k, static_cast<float16 *>(y), factor, x_scales, weight_scales);
    }
}

// Sends the cosines and sines of each token's position, both halves of a head alike.
void send_angles(
    kongur_kunlun_context *context, int64_t tokens, int64_t head_dim, const int32_t *positions,
    const float *inverse_frequencies, float scale) {
    const int64_t pairs = head_dim / 2;
    std::vector<float> frequencies(pairs);
    // A copy to the host waits for the default stream, once for each layer: what a faster shim would do away with first.
    check_runtime(
        xpu_memcpy(frequencies.data(), inverse_frequencies, pairs * sizeof(float), XPU_DEVICE_TO_HOST));
    std::vector<float> cosines(tokens * head_dim), sines(tokens * head_dim);
    for (int64_t token = 0; token < tokens; token++) {
        for (int64_t pair = 0; pair < pairs; pair++) {
            const float angle = static_cast<float>(positions[token]) * frequencies[pair];
            const int64_t first = token * head_dim + pair;
            cosines[first] = cosines[first + pairs] = std::cos(angle) * scale;
            sines[first] = sines[first + pairs] = std::sin(angle) * scale;
        }
    }
    context->cosines.send(std::move(cosines), context->stream);
    context->sines.send(std::move(sines), context->stream);
}

// Turns heads [tokens, heads, head_dim] in the half-split form. (rotary_embedding_v3 has the interleaved one.)
void turn(
    kongur_kunlun_context *context, const float16 *x, const float16 *sines, const float16 *cosines, float16 *y,
    int64_t tokens, int64_t heads, int64_t head_dim) {
    using Numbers = std::vector<int64_t>;
    XDNN(
        rotary_no_freqs_embedding_v2<float16>, context->xdnn, x, sines, cosines, y,
        Numbers{1, tokens, heads, head_dim}, Numbers{1, tokens, 1, head_dim},
        Numbers{tokens * heads * head_dim, heads * head_dim, head_dim, 1},
        Numbers{tokens * head_dim, head_dim, head_dim, 1});
}

// Sends the cache's row of each key-value head of each token with a slot, and which tokens these are.
int64_t send_rows(kongur_kunlun_context *context, const kongur_kunlun_attention_shape &shape, const int32_t *slots) {
    if (shape.blocks * shape.kv_heads * shape.block_size > std::numeric_limits<int>::max()) {
        throw Failure{KONGUR_KUNLUN_UNSUPPORTED};
    }
    std::vector<int> rows, kept;
    for (int64_t token = 0; token < shape.tokens; token++) {
        const int64_t slot = slots[token];
        if (slot < 0) continue;
        kept.push_back(static_cast<int>(token));
        const int64_t block = slot / shape.block_size, offset = slot % shape.block_size;
        for (int64_t head = 0; head < shape.kv_heads; head++) {
            rows.push_back(static_cast<int>((block * shape.kv_heads + head) * shape.block_size + offset));
        }
    }
    const int64_t count = static_cast<int64_t>(kept.size());
    if (count == 0) return 0;
    context->rows.send(std::move(rows), context->stream);
    context->kept.send(std::move(kept), context->stream);
    return count;
}

}  // namespace

extern "C" {

uint32_t kongur_kunlun_abi_version(void) { return KONGUR_KUNLUN_ABI; }

const char *kongur_kunlun_description(void) {
#define KONGUR_TEXT_(name) #name
#define KONGUR_TEXT(name) KONGUR_TEXT_(name)
    return "XDNN, products in " KONGUR_TEXT(KONGUR_XDNN_PRODUCT) ", built " __DATE__;
}

int kongur_kunlun_open(void *stream, kongur_kunlun_context **context) {
    return guarded([&] {
        auto *made = new kongur_kunlun_context;
        made->stream = static_cast<XPUStream>(stream);
        made->xdnn = api::create_context();
        if (made->xdnn == nullptr) {
            delete made;
            throw Failure{kUnexpected};
        }
        made->xdnn->set_stream(made->stream);
        *context = made;
    });
}

void kongur_kunlun_close(kongur_kunlun_context *context) { delete context; }

int kongur_kunlun_embedding(
    kongur_kunlun_context *context, kongur_kunlun_ints ids, const uint16_t *table, int64_t vocabulary, int64_t width,
    uint16_t *y) {
    return guarded([&] {
        if (ids.count == 0) return;
        // No id is padding.
        XDNN(
            (embedding<float16, int>), context->xdnn, half(table), ids.device, half(y), vocabulary, width, ids.count,
            -1);
    });
}

int kongur_kunlun_linear(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *weight, const float *bias, int64_t m, int64_t n,
    int64_t k, int wide, void *y) {
    return guarded([&] {
        product<float16, float16, KONGUR_XDNN_PRODUCT>(
            context, half(x), half(weight), bias, m, n, k, wide, y, 1.0f, nullptr, nullptr);
    });
}

int kongur_kunlun_linear_int8(
    kongur_kunlun_context *context, const uint16_t *x, const int8_t *weight, const float *scales, const float *bias,
    int64_t m, int64_t n, int64_t k, int wide, void *y) {
    return guarded([&] {
        if (m == 0) return;
        if (m > std::numeric_limits<int>::max() || k > std::numeric_limits<int>::max()) {
            throw Failure{KONGUR_KUNLUN_UNSUPPORTED};
        }
        api::ctx_guard guard(context->xdnn);
        auto *quantized = guard.alloc<int8_t>(m * k);
        auto *row_scales = guard.alloc<float>(m);
        if (quantized == nullptr || row_scales == nullptr) throw Failure{705};
        XDNN(
            quant2d<float16>, context->xdnn, half(x), quantized, row_scales, static_cast<int>(m), static_cast<int>(k));
        // UNVERIFIED: that fc_fusion takes both scales with TGEMM int8_t; Kunlun 1 is known to refuse int8 here, and the
        // CPU then runs it.
        product<int8_t, int8_t, int8_t>(
            context, quantized, weight, bias, m, n, k, wide, y, KONGUR_XDNN_INT8_FACTOR, row_scales, scales);
    });
}

int kongur_kunlun_rms_norm(
    kongur_kunlun_context *context, const uint16_t *x, const float *weight, int64_t m, int64_t n, float epsilon,
    uint16_t *y) {
    return guarded([&] {
        if (m == 0) return;
        XDNN(
            (rms_layer_norm<float16, float>), context->xdnn, half(x), half(y), m, n, epsilon, weight, nullptr, nullptr,
            false);
    });
}

int kongur_kunlun_add_rms_norm(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *residual, const float *weight, int64_t m,
    int64_t n, float epsilon, uint16_t *sum, uint16_t *y) {
    return guarded([&] {
        if (m == 0) return;
        XDNN(
            add_rms_layer_norm_fusion<float16>, context->xdnn, half(x), half(residual), half(y), m, n, epsilon, weight,
            nullptr, nullptr, half(sum), nullptr);
    });
}

int kongur_kunlun_rotary_cache_write(
    kongur_kunlun_context *context, kongur_kunlun_attention_shape shape, const uint16_t *qkv,
    kongur_kunlun_ints positions, kongur_kunlun_ints slots, const float *inverse_frequencies, float scale,
    const float *query_norm, const float *key_norm, float epsilon, uint16_t *key_cache, uint16_t *value_cache,
    uint16_t *query) {
    return guarded([&] {
        const int64_t tokens = shape.tokens, dim = shape.head_dim;
        if (tokens == 0) return;
        if (dim % 2 != 0) throw Failure{KONGUR_KUNLUN_UNSUPPORTED};
        send_angles(context, tokens, dim, positions.host, inverse_frequencies, scale);
        const int64_t count = send_rows(context, shape, slots.host);

        const int64_t query_width = shape.heads * dim, key_width = shape.kv_heads * dim;
        const int64_t width = query_width + 2 * key_width;
        api::ctx_guard guard(context->xdnn);
        const auto area = [&](int64_t size) {
            auto *pointer = guard.alloc<float16>(size);
            if (pointer == nullptr) throw Failure{705};
            return pointer;
        };
        const auto part = [&](int64_t start, int64_t size) {
            auto *rows = area(tokens * size);
            XDNN(copy2d<float16>, context->xdnn, half(qkv) + start, rows, tokens, width, size, size);
            return rows;
        };
        auto *cosines = area(tokens * dim), *sines = area(tokens * dim);
        XDNN((cast<float, float16>), context->xdnn, context->cosines.vector().xpu, cosines, tokens * dim);
        XDNN((cast<float, float16>), context->xdnn, context->sines.vector().xpu, sines, tokens * dim);

        const auto turned = [&](float16 *heads, int64_t head_count, const float *norm, float16 *target) {
            float16 *source = heads;
            if (norm != nullptr) {
                source = area(tokens * head_count * dim);
                XDNN(
                    (rms_layer_norm<float16, float>), context->xdnn, heads, source, tokens * head_count, dim, epsilon,
                    norm, nullptr, nullptr, false);
            }
            turn(context, source, sines, cosines, target, tokens, head_count, dim);
        };
        turned(part(0, query_width), shape.heads, query_norm, half(query));
        if (count == 0) return;
        auto *keys = area(tokens * key_width);
        turned(part(query_width, key_width), shape.kv_heads, key_norm, keys);
        auto *values = part(query_width + key_width, key_width);

        const auto write = [&](float16 *rows, uint16_t *cache) {
            if (count < tokens) {
                auto *chosen = area(count * key_width);
                XDNN(
                    (gather<float16, int>), context->xdnn, rows, context->kept.vector().xpu, chosen,
                    (std::vector<int64_t>{tokens, key_width}), count, 0);
                rows = chosen;
            }
            XDNN(
                (scatter<float16, int>), context->xdnn, rows, half(cache), context->rows.vector(),
                shape.blocks * shape.kv_heads * shape.block_size, dim, true);
        };
        write(keys, key_cache);
        write(values, value_cache);
    });
}

int kongur_kunlun_paged_attention(
    kongur_kunlun_context *context, kongur_kunlun_attention_shape shape, const uint16_t *query,
    const uint16_t *key_cache, const uint16_t *value_cache, kongur_kunlun_ints starts, kongur_kunlun_ints lengths,
    kongur_kunlun_ints tables, float scale, uint16_t *y) {
    return guarded([&] {
        const int64_t count = lengths.count;
        if (count == 0 || starts.host[count] == starts.host[0]) return;
        // Each row is a sequence of its own to the library's decoding attention, which sees the tokens up to itself. So one
        // call runs any mixture of prefill and decoding, at the price of reading the cache once for each row.
        const int64_t first = starts.host[0], rows = starts.host[count] - first;
        std::vector<int> lods(2 * (rows + 1)), sequences(rows);
        int64_t longest = 0, total = 0;
        for (int64_t sequence = 0; sequence < count; sequence++) {
            const int64_t end = starts.host[sequence + 1];
            for (int64_t row = starts.host[sequence]; row < end; row++) {
                const int64_t length = lengths.host[sequence] - (end - 1 - row);
                const int64_t place = row - first;
                total += length;
                if (total > std::numeric_limits<int>::max()) throw Failure{KONGUR_KUNLUN_UNSUPPORTED};
                if (length > longest) longest = length;
                lods[place + 1] = static_cast<int>(place + 1);
                lods[rows + 1 + place + 1] = static_cast<int>(total);
                sequences[place] = static_cast<int>(sequence);
            }
        }
        context->lods.send(std::move(lods), context->stream);
        context->sequences.send(std::move(sequences), context->stream);

        DecodeAttnParam attention(
            context->lods.vector(), longest, shape.heads, shape.head_dim, -1, 0, rows, {nullptr, 0, nullptr});
        attention.key_value_head_num = shape.kv_heads;
        attention.alpha = scale;
        // UNVERIFIED: that several rows may read the same row of the block table.
        PageAttnParam<int> pages(
            shape.block_size, count, tables.count / count, context->sequences.vector(), 0, "HLD");
        const int64_t skipped = first * shape.heads * shape.head_dim;
        // UNVERIFIED: null for largest magnitudes. They may be wanted where products are made in int16, and cannot be
        // had here: a cache has slots that were never written.
        const int answer = api::qkv_paged_attention<float16, float16, float16, float16, KONGUR_XDNN_PRODUCT, float, int>(
            context->xdnn, half(query) + skipped, half(key_cache), half(value_cache), tables.device, half(y) + skipped,
            nullptr, nullptr, nullptr, nullptr, attention, pages);
        check_xdnn(answer, "qkv_paged_attention");
    });
}

int kongur_kunlun_swiglu(kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n, uint16_t *y) {
    return guarded([&] {
        if (m == 0) return;
        // UNVERIFIED: that the gate is the first half where `turn` is false.
        XDNN(
            swiglu<float16>, context->xdnn, half(x), half(y), (std::vector<int64_t>{m, 2 * n}), 1, false, nullptr,
            nullptr, nullptr);
    });
}

int kongur_kunlun_gather(
    kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n, kongur_kunlun_ints rows, uint16_t *y) {
    return guarded([&] {
        if (rows.count == 0) return;
        XDNN(
            (gather<float16, int>), context->xdnn, half(x), rows.device, half(y), (std::vector<int64_t>{m, n}),
            rows.count, 0);
    });
}

int kongur_kunlun_copy_rows(
    kongur_kunlun_context *context, const void *source, int64_t source_stride, void *target, int64_t target_stride,
    int64_t rows, int64_t size) {
    return guarded([&] {
        if (rows == 0 || size == 0) return;
        const auto copy = [&](auto unit) {
            using T = decltype(unit);
            const int64_t width = sizeof(T);
            XDNN(
                copy2d<T>, context->xdnn, static_cast<const T *>(source), static_cast<T *>(target), rows,
                source_stride / width, target_stride / width, size / width);
        };
        const int64_t all = source_stride | target_stride | size;
        if (all % 4 == 0) {
            copy(float());
        } else if (all % 2 == 0) {
            copy(float16());
        } else {
            throw Failure{KONGUR_KUNLUN_UNSUPPORTED};
        }
    });
}

int kongur_kunlun_add(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *y, int64_t count, uint16_t *z) {
    return guarded([&] {
        if (count == 0) return;
        XDNN(
            broadcast_add<float16>, context->xdnn, half(x), half(y), half(z), (std::vector<int64_t>{count}),
            (std::vector<int64_t>{count}));
    });
}

}  // extern "C"

// A function whose type is not that of the interface does not compile.
#define KONGUR_IS(name) static_assert(std::is_same<name##_f, decltype(&name)>::value, #name)
KONGUR_IS(kongur_kunlun_abi_version);
KONGUR_IS(kongur_kunlun_description);
KONGUR_IS(kongur_kunlun_open);
KONGUR_IS(kongur_kunlun_close);
KONGUR_IS(kongur_kunlun_embedding);
KONGUR_IS(kongur_kunlun_linear);
KONGUR_IS(kongur_kunlun_linear_int8);
KONGUR_IS(kongur_kunlun_rms_norm);
KONGUR_IS(kongur_kunlun_add_rms_norm);
KONGUR_IS(kongur_kunlun_rotary_cache_write);
KONGUR_IS(kongur_kunlun_paged_attention);
KONGUR_IS(kongur_kunlun_swiglu);
KONGUR_IS(kongur_kunlun_gather);
KONGUR_IS(kongur_kunlun_copy_rows);
KONGUR_IS(kongur_kunlun_add);
