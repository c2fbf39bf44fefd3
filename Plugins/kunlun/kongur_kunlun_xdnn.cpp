// The operators of kongur_kunlun_ops.h by XDNN, Baidu's operator library for Kunlun. NEVER RUN ON A CARD.
//
// XDNN is C++ whose symbols change from release to release, so this is compiled where it runs, against the XDNN that is
// there (README.md). Calls are as public code makes them; README.md names it. `make check` runs them over functions of ours
// that do on the host what public code says of XDNN's, `make cpu-check` over XDNN's own reference for the processor, and
// `kongur doctor` compares each operator with Kongur's reference on the card.
#include "kongur_kunlun_ops.h"

#include "cache_maxima.h"
#include "device.h"
#include "products.h"
#include "readings.h"
#include "releases.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

using namespace kongur;

struct kongur_kunlun_context {
    explicit kongur_kunlun_context(void *given) : stream(static_cast<XPUStream>(given)), products(stream) {
        xdnn = kongur::create_context(stream);
        if (xdnn == nullptr) throw Failure{kUnexpected};
    }
    ~kongur_kunlun_context() {
        if (xdnn == nullptr) return;
        kongur::wait(stream);
        kongur::destroy_context(xdnn);
    }

    XPUStream stream;
    Products products;
    Readings readings;
    CacheMaxima maxima;
    api::Context *xdnn = nullptr;
    // Cosines and sines, sent as f32 and turned into f16 on the device, where rounding is the library's.
    Mirror<float> cosines, sines;
    // The cache's rows for each head of each token that is kept, and these tokens.
    Mirror<int> rows, kept;
    // Where queries and keys of each row start, the row of the block table that it reads, and these rows.
    Mirror<int> lods, sequences, tables;
};

namespace {

using Numbers = std::vector<int64_t>;

const float16 *half(const uint16_t *pointer) { return reinterpret_cast<const float16 *>(pointer); }
float16 *half(uint16_t *pointer) { return reinterpret_cast<float16 *>(pointer); }

void normalize(
    kongur_kunlun_context *context, const float16 *x, const float *weight, int64_t m, int64_t n, float epsilon, float16 *y) {
#ifdef KONGUR_XDNN_FLOAT_NORM
    XDNN((api::rms_layer_norm<float16, float>), context->xdnn, x, y, m, n, epsilon, weight, nullptr, nullptr, false);
#else
    // Public callers have weights of the activations' type.
    Areas areas(context->xdnn);
    float16 *rounded = areas.take<float16>(n);
    XDNN((api::cast<float, float16>), context->xdnn, weight, rounded, n);
    XDNN((api::rms_layer_norm<float16, float16>), context->xdnn, x, y, m, n, epsilon, rounded, nullptr, nullptr, false);
#endif
}

void add(kongur_kunlun_context *context, const float16 *x, const float16 *y, float16 *z, int64_t count) {
    XDNN(api::broadcast_add<float16>, context->xdnn, x, y, z, Numbers{count}, Numbers{count});
}

// Sends the cosines and sines of each token's position, both halves of a head alike.
void send_angles(
    kongur_kunlun_context *context, int64_t tokens, int64_t head_dim, const int32_t *positions,
    const float *inverse_frequencies, float scale) {
    const int64_t pairs = head_dim / 2;
    std::vector<float> frequencies(pairs);
    // A copy to the host waits for the default stream, once for each layer: what a faster shim would do away with first.
    check_runtime(
        kongur::copy(frequencies.data(), inverse_frequencies, pairs * sizeof(float), XPU_DEVICE_TO_HOST));
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

// Sends the cache's row of each key-value head of each token with a slot, and which tokens these are.
int64_t send_rows(kongur_kunlun_context *context, const kongur_kunlun_attention_shape &shape, const int32_t *slots) {
    check_size(shape.blocks * shape.kv_heads * shape.block_size, "scatter");
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

void write_caches(
    kongur_kunlun_context *context, const kongur_kunlun_attention_shape &shape, const uint16_t *qkv,
    const int32_t *positions, const int32_t *slots, const float *inverse_frequencies, float scale,
    const float *query_norm, const float *key_norm, float epsilon, uint16_t *key_cache, uint16_t *value_cache,
    uint16_t *query) {
    const int64_t tokens = shape.tokens, dim = shape.head_dim, key_width = shape.kv_heads * dim;
    if (dim % 2 != 0) refuse("an odd head_dim", api::INVALID_PARAM);
    send_angles(context, tokens, dim, positions, inverse_frequencies, scale);
    const int64_t count = send_rows(context, shape, slots);

    Areas areas(context->xdnn);
    auto *cosines = areas.take<float16>(tokens * dim), *sines = areas.take<float16>(tokens * dim);
    const float *sent_cosines = context->cosines.device(), *sent_sines = context->sines.device();
    XDNN((api::cast<float, float16>), context->xdnn, sent_cosines, cosines, tokens * dim);
    XDNN((api::cast<float, float16>), context->xdnn, sent_sines, sines, tokens * dim);

    auto *queries = areas.take<float16>(tokens * shape.heads * dim);
    auto *keys = areas.take<float16>(tokens * key_width), *values = areas.take<float16>(tokens * key_width);
    XDNN(
        api::split<float16>, context->xdnn, half(qkv), (std::vector<float16 *>{queries, keys, values}),
        (Numbers{tokens, shape.heads + 2 * shape.kv_heads, dim}),
        (Numbers{shape.heads, shape.kv_heads, shape.kv_heads}), 1);

    const auto turned = [&](float16 *rows, int64_t heads, const float *norm, float16 *target) {
        float16 *source = rows;
        if (norm != nullptr) {
            source = areas.take<float16>(tokens * heads * dim);
            normalize(context, rows, norm, tokens * heads, dim, epsilon, source);
        }
        releases::rotate<float16>(context->xdnn, source, sines, cosines, target, tokens, heads, dim);
    };
    turned(queries, shape.heads, query_norm, half(query));
    if (count == 0) return;
    auto *turned_keys = areas.take<float16>(tokens * key_width);
    turned(keys, shape.kv_heads, key_norm, turned_keys);

    const auto write = [&](const float16 *rows, uint16_t *cache) {
        if (count < tokens) {
            auto *chosen = areas.take<float16>(count * key_width);
            releases::gather_rows<float16>(
                context->xdnn, rows, context->kept.device(), chosen, tokens, key_width, count);
            rows = chosen;
        }
        context->maxima.widen(context->xdnn, context->stream, cache, rows, count * key_width);
        XDNN(
            (api::scatter<float16, int>), context->xdnn, rows, half(cache), context->rows.vector(),
            shape.blocks * shape.kv_heads * shape.block_size, dim, true);
    };
    write(turned_keys, key_cache);
    write(values, value_cache);
}

// What the decoding attention is asked: rows that are sequences of their own, each of `heads` query heads.
struct Decoding {
    int64_t rows = 0, heads = 0, longest = 0, columns = 0;
};

// Each row of a query is a sequence of its own to the library's decoding attention, which sees the tokens up to itself: so one
// call runs any mixture of prefill and decoding, at the price of reading the cache once for each row. With `folds` of a row,
// each is again a sequence. Rows do not share a row of the block table: no public caller lets them.
Decoding send_decoding(
    kongur_kunlun_context *context, const kongur_kunlun_attention_shape &shape, kongur_kunlun_ints starts,
    kongur_kunlun_ints lengths, kongur_kunlun_ints tables, int64_t folds) {
    const int64_t count = lengths.count, all_columns = tables.count / count;
    Decoding decoding;
    decoding.rows = (starts.host[count] - starts.host[0]) * folds;
    decoding.heads = shape.heads / folds;
    for (int64_t sequence = 0; sequence < count; sequence++) {
        if (starts.host[sequence + 1] > starts.host[sequence] && lengths.host[sequence] > decoding.longest) {
            decoding.longest = lengths.host[sequence];
        }
    }
    decoding.columns = (decoding.longest + shape.block_size - 1) / shape.block_size;
    std::vector<int> lods(2 * (decoding.rows + 1)), sequences(decoding.rows), blocks(decoding.rows * decoding.columns);
    int64_t place = 0, total = 0;
    for (int64_t sequence = 0; sequence < count; sequence++) {
        const int64_t end = starts.host[sequence + 1];
        for (int64_t row = starts.host[sequence]; row < end; row++) {
            const int64_t length = lengths.host[sequence] - (end - 1 - row);
            for (int64_t fold = 0; fold < folds; fold++, place++) {
                total += length;
                check_size(total, "qkv_paged_attention");
                lods[place + 1] = static_cast<int>(place + 1);
                lods[decoding.rows + 1 + place + 1] = static_cast<int>(total);
                for (int64_t column = 0; column < decoding.columns; column++) {
                    blocks[place * decoding.columns + column] = tables.host[sequence * all_columns + column];
                }
            }
        }
    }
    std::iota(sequences.begin(), sequences.end(), 0);
    context->lods.send(std::move(lods), context->stream);
    context->sequences.send(std::move(sequences), context->stream);
    context->tables.send(std::move(blocks), context->stream);
    return decoding;
}

// The call as PaddlePaddle makes it (block_multi_head_attention_kernel.cc), the only public one.
void decode(
    kongur_kunlun_context *context, const kongur_kunlun_attention_shape &shape, const Decoding &decoding,
    const float16 *query, const uint16_t *key_cache, const uint16_t *value_cache, float scale, float16 *y) {
    const float *key_maxima = context->maxima.of(key_cache), *value_maxima = context->maxima.of(value_cache);
    if (key_maxima == nullptr || value_maxima == nullptr) {
        refuse("attention to a cache that was written elsewhere", api::INVALID_PARAM);
    }
    Areas areas(context->xdnn);
    float *query_maxima = areas.take<float>(context->xdnn->max_ptr_size());
    XDNN(
        api::findmax<float16>, context->xdnn, query, query_maxima, decoding.rows * decoding.heads * shape.head_dim);

    api::DecodeAttnParam attention(
        context->lods.vector(), decoding.longest, decoding.heads, shape.head_dim, -1, 0, decoding.rows,
        {nullptr, 0, nullptr});
    // Both are left as they are where the library's own are meant.
    if (decoding.heads != shape.kv_heads) attention.key_value_head_num = shape.kv_heads;
    if (std::fabs(scale * std::sqrt(static_cast<float>(shape.head_dim)) - 1) > 1e-5f) attention.alpha = scale;
    api::PageAttnParam<int> pages(
        shape.block_size, decoding.rows, decoding.columns, context->sequences.vector(), 0, "HLD");
    const int *tables = context->tables.device();
    const int answer = api::qkv_paged_attention<float16, float16, float16, float16, int16_t, float, int>(
        context->xdnn, query, half(key_cache), half(value_cache), tables, y, query_maxima, key_maxima, value_maxima,
        nullptr, attention, pages);
    check_xdnn(answer, "qkv_paged_attention");
}

}  // namespace

extern "C" {

uint32_t kongur_kunlun_abi_version(void) { return KONGUR_KUNLUN_ABI; }

const char *kongur_kunlun_description(void) {
#define KONGUR_TEXT_(name) #name
#define KONGUR_TEXT(name) KONGUR_TEXT_(name)
#if KONGUR_KUNLUN_GENERATION >= 3
    return "XDNN and libxpu_blas, generation " KONGUR_TEXT(KONGUR_KUNLUN_GENERATION) ", built " __DATE__;
#else
    return "XDNN, products in " KONGUR_TEXT(KONGUR_XDNN_PRODUCT) ", built " __DATE__;
#endif
}

int kongur_kunlun_open(void *stream, kongur_kunlun_context **context) {
    return guarded([&] { *context = new kongur_kunlun_context(stream); });
}

void kongur_kunlun_close(kongur_kunlun_context *context) { delete context; }

int kongur_kunlun_reading_at(kongur_kunlun_context *context, int32_t index, kongur_kunlun_reading *reading) {
    return context->readings.get(index, reading);
}

int kongur_kunlun_choose(kongur_kunlun_context *context, const char *name, const char *choice) {
    return context->readings.choose(name, choice);
}

void kongur_kunlun_forget(kongur_kunlun_context *context, const void *cache) { context->maxima.forget(cache); }

int kongur_kunlun_embedding(
    kongur_kunlun_context *context, kongur_kunlun_ints ids, const uint16_t *table, int64_t vocabulary, int64_t width,
    uint16_t *y) {
    return guarded([&] {
        // XDNN's `embedding` of f16 has ids of 64 bits in public code; gathering rows is the same.
        releases::gather_rows<float16>(context->xdnn, half(table), ids.device, half(y), vocabulary, width, ids.count);
    });
}

int kongur_kunlun_linear(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *weight, const float *bias, int64_t m, int64_t n,
    int64_t k, int wide, void *y) {
    return guarded([&] {
        if (m == 0 || n == 0) return;
        context->products.half(context->xdnn, half(x), half(weight), bias, {m, n, k}, wide != 0, y);
    });
}

int kongur_kunlun_linear_int8(
    kongur_kunlun_context *context, const uint16_t *x, const int8_t *weight, const float *scales, const float *bias,
    int64_t m, int64_t n, int64_t k, int wide, void *y) {
    return guarded([&] {
        if (m == 0 || n == 0) return;
        for (int64_t size : {m, k}) check_size(size, "quant2d");
        Areas areas(context->xdnn);
        auto *quantized = areas.take<int8_t>(m * k);
        auto *given = areas.take<float>(m), *row_scales = areas.take<float>(m);
        XDNN(api::quant2d<float16>, context->xdnn, half(x), quantized, given, static_cast<int>(m), static_cast<int>(k));
        // The largest magnitude of each row: so use it vLLM-Kunlun (_custom_ops.py) and FastDeploy (quant2d_per_channel.cpp).
        const float unit = context->readings.is_first(Readings::row_scales) ? 1 / 127.0f : 1.0f;
        XDNN(api::scale<float>, context->xdnn, given, row_scales, m, true, unit, 0.0f);
        context->products.quantized(
            context->xdnn, quantized, weight, row_scales, scales, bias, {m, n, k}, wide != 0, y);
    });
}

int kongur_kunlun_rms_norm(
    kongur_kunlun_context *context, const uint16_t *x, const float *weight, int64_t m, int64_t n, float epsilon,
    uint16_t *y) {
    return guarded([&] {
        if (m > 0) normalize(context, half(x), weight, m, n, epsilon, half(y));
    });
}

int kongur_kunlun_add_rms_norm(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *residual, const float *weight, int64_t m,
    int64_t n, float epsilon, uint16_t *sum, uint16_t *y) {
    return guarded([&] {
        if (m == 0) return;
#ifdef KONGUR_XDNN_FUSED_NORM
        if (!context->readings.is_first(Readings::norm_of_sum)) {
            XDNN(
                api::add_rms_layer_norm_fusion<float16>, context->xdnn, half(x), half(residual), half(y), m, n, epsilon,
                weight, nullptr, nullptr, half(sum), nullptr);
            return;
        }
#endif
        add(context, half(x), half(residual), half(sum), m * n);
        normalize(context, half(sum), weight, m, n, epsilon, half(y));
    });
}

int kongur_kunlun_rotary_cache_write(
    kongur_kunlun_context *context, kongur_kunlun_attention_shape shape, const uint16_t *qkv,
    kongur_kunlun_ints positions, kongur_kunlun_ints slots, const float *inverse_frequencies, float scale,
    const float *query_norm, const float *key_norm, float epsilon, uint16_t *key_cache, uint16_t *value_cache,
    uint16_t *query) {
    const int answer = guarded([&] {
        if (shape.tokens == 0) return;
        write_caches(
            context, shape, qkv, positions.host, slots.host, inverse_frequencies, scale, query_norm, key_norm, epsilon,
            key_cache, value_cache, query);
    });
    if (answer == KONGUR_KUNLUN_OK) return answer;
    // The processor writes instead, and what it writes is not known here.
    return guarded([&] {
        context->maxima.distrust(key_cache);
        context->maxima.distrust(value_cache);
        throw Failure{answer};
    });
}

int kongur_kunlun_paged_attention(
    kongur_kunlun_context *context, kongur_kunlun_attention_shape shape, const uint16_t *query,
    const uint16_t *key_cache, const uint16_t *value_cache, kongur_kunlun_ints starts, kongur_kunlun_ints lengths,
    kongur_kunlun_ints tables, float scale, uint16_t *y) {
    return guarded([&] {
        const int64_t count = lengths.count;
        if (count == 0 || starts.host[count] == starts.host[0]) return;
        const int64_t first = starts.host[0], rows = starts.host[count] - first, dim = shape.head_dim;
        const int64_t skipped = first * shape.heads * dim, group = shape.heads / shape.kv_heads;
        if (group == 1 || !context->readings.is_first(Readings::heads)) {
            const Decoding decoding = send_decoding(context, shape, starts, lengths, tables, 1);
            decode(context, shape, decoding, half(query) + skipped, key_cache, value_cache, scale, half(y) + skipped);
            return;
        }
        // The query heads of a key head become sequences of their own, each with as many query heads as key heads.
        Areas areas(context->xdnn);
        auto *folded = areas.take<float16>(rows * shape.heads * dim), *result = areas.take<float16>(rows * shape.heads * dim);
        XDNN(
            api::transpose<float16>, context->xdnn, half(query) + skipped, folded,
            (Numbers{rows, shape.kv_heads, group, dim}), (Numbers{0, 2, 1, 3}));
        const Decoding decoding = send_decoding(context, shape, starts, lengths, tables, group);
        decode(context, shape, decoding, folded, key_cache, value_cache, scale, result);
        XDNN(
            api::transpose<float16>, context->xdnn, result, half(y) + skipped,
            (Numbers{rows, group, shape.kv_heads, dim}), (Numbers{0, 2, 1, 3}));
    });
}

int kongur_kunlun_swiglu(kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n, uint16_t *y) {
    return guarded([&] {
        if (m == 0) return;
        releases::swiglu_rows<float16>(
            context->xdnn, half(x), half(y), m, n, context->readings.is_first(Readings::gate));
    });
}

int kongur_kunlun_gather(
    kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n, kongur_kunlun_ints rows, uint16_t *y) {
    return guarded([&] {
        releases::gather_rows<float16>(context->xdnn, half(x), rows.device, half(y), m, n, rows.count);
    });
}

int kongur_kunlun_copy_rows(
    kongur_kunlun_context *context, const void *source, int64_t source_stride, void *target, int64_t target_stride,
    int64_t rows, int64_t size) {
    return guarded([&] {
        if (rows == 0 || size == 0) return;
        // Public callers copy floats.
        const int64_t width = sizeof(float);
        const int64_t places = reinterpret_cast<intptr_t>(source) | reinterpret_cast<intptr_t>(target);
        if ((places | source_stride | target_stride | size) % width != 0) {
            refuse("a copy of parts of a float", api::INVALID_PARAM);
        }
        XDNN(
            api::copy2d<float>, context->xdnn, static_cast<const float *>(source), static_cast<float *>(target), rows,
            source_stride / width, target_stride / width, size / width);
    });
}

int kongur_kunlun_add(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *y, int64_t count, uint16_t *z) {
    return guarded([&] {
        if (count > 0) add(context, half(x), half(y), half(z), count);
    });
}

}  // extern "C"

// A function whose type is not that of the interface does not compile.
#define KONGUR_IS(name) static_assert(std::is_same<name##_f, decltype(&name)>::value, #name)
KONGUR_IS(kongur_kunlun_abi_version);
KONGUR_IS(kongur_kunlun_description);
KONGUR_IS(kongur_kunlun_open);
KONGUR_IS(kongur_kunlun_close);
KONGUR_IS(kongur_kunlun_reading_at);
KONGUR_IS(kongur_kunlun_choose);
KONGUR_IS(kongur_kunlun_forget);
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
