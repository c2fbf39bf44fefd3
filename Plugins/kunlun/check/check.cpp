// Runs every operator of the shim on the host and compares it with what kongur_kunlun_ops.h says of it, computed here.
//
// `make check` runs it over the stand-ins of check/sdk, as on a card; `make cpu-check` over an SDK's own reference for the
// processor. Each case is a process of its own, so that one that crashes is a line of the report and not its end.
#include "kongur_kunlun_ops.h"

#include "../kongur_kunlun_xdnn.cpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>

#ifdef KONGUR_XDNN_VERSION
extern const char *__XDNN_VERSION;
#endif

namespace {

std::mt19937 generator(7);

// Ends a case.
struct Wrong {
    std::string what;
};
struct Refused {
    std::string what;
};

void expect(bool holds, const std::string &what) {
    if (!holds) throw Wrong{what};
}

// Throws unless a call of the shim succeeded.
void call(int answer, const char *what) {
    if (answer == 0) return;
    if (answer != KONGUR_KUNLUN_UNSUPPORTED) throw Wrong{std::string(what) + " answered " + std::to_string(answer)};
    throw Refused{std::string(refusal.call ? refusal.call : "the shim") + " answered " + std::to_string(refusal.answer)};
}

// f16 by its bits, for compilers without the type.
float number(uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float value = exponent == 0 ? std::ldexp(float(fraction), -24) : std::ldexp(float(fraction | 1024), exponent - 25);
    if (exponent == 31) value = fraction ? NAN : INFINITY;
    return bits >> 15 ? -value : value;
}

// To nearest, ties to even; of numbers that f16 holds.
uint16_t bits(float value) {
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    const float magnitude = std::fabs(value);
    if (magnitude == 0) return sign;
    const int exponent = std::max(std::ilogb(magnitude), -14);
    const int units = int(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
    return sign | uint16_t((exponent + 14) * 1024 + units);
}

float uniform() { return std::uniform_real_distribution<float>(-1, 1)(generator); }

std::vector<uint16_t> halves(int64_t count, float size = 1) {
    std::vector<uint16_t> values(count);
    for (auto &value : values) value = bits(uniform() * size);
    return values;
}

std::vector<float> floats(int64_t count) {
    std::vector<float> values(count);
    for (auto &value : values) value = uniform();
    return values;
}

kongur_kunlun_ints ints(const std::vector<int32_t> &values) {
    return {values.data(), values.data(), static_cast<int64_t>(values.size())};
}

void compare(const char *what, size_t index, double have, double wanted, double tolerance) {
    if (std::fabs(have - wanted) <= tolerance * (1 + std::fabs(wanted))) return;
    char text[160];
    std::snprintf(text, sizeof text, "%s: [%zu] is %g, not %g", what, index, have, wanted);
    throw Wrong{text};
}

// f16 results are within a few units of the last place of those wanted.
void compare(const char *what, const std::vector<uint16_t> &have, const std::vector<double> &wanted) {
    for (size_t i = 0; i < wanted.size(); i++) compare(what, i, number(have[i]), wanted[i], 4e-3);
}

std::vector<double> normed(std::vector<double> row, const float *weight, float epsilon) {
    double squares = 0;
    for (double value : row) squares += value * value;
    const double factor = 1 / std::sqrt(squares / row.size() + epsilon);
    for (size_t i = 0; i < row.size(); i++) row[i] *= factor * weight[i];
    return row;
}

// A context, with a reading chosen where one is to be tried.
struct Choice {
    std::string name, choice;
};
Choice tried;

struct Opened {
    kongur_kunlun_context *context = nullptr;
    Opened() {
        call(kongur_kunlun_open(nullptr, &context), "open");
        if (tried.name.empty()) return;
        expect(kongur_kunlun_choose(context, tried.name.c_str(), tried.choice.c_str()) == 0, "the choice is taken");
    }
    ~Opened() { kongur_kunlun_close(context); }
    operator kongur_kunlun_context *() const { return context; }
};

#if defined(KONGUR_XDNN_WIDE) || KONGUR_KUNLUN_GENERATION >= 3
constexpr double kWide = 1e-5;
#else
constexpr double kWide = 4e-3;
#endif

void linear() {
    const Opened context;
    const int64_t m = 3, n = 40, k = 64;
    const auto x = halves(m * k), weight = halves(n * k);
    const auto bias = floats(n);
    for (const float *given : {static_cast<const float *>(nullptr), bias.data()}) {
        std::vector<double> wanted(m * n);
        for (int64_t i = 0; i < m * n; i++) {
            wanted[i] = given ? given[i % n] : 0;
            for (int64_t l = 0; l < k; l++) {
                wanted[i] += double(number(x[i / n * k + l])) * number(weight[i % n * k + l]);
            }
        }
        std::vector<uint16_t> y(m * n);
        std::vector<float> wide(m * n);
        call(kongur_kunlun_linear(context, x.data(), weight.data(), given, m, n, k, 0, y.data()), "linear");
        compare("linear", y, wanted);
        call(kongur_kunlun_linear(context, x.data(), weight.data(), given, m, n, k, 1, wide.data()), "wide linear");
        for (int64_t i = 0; i < m * n; i++) compare("wide linear", i, wide[i], wanted[i], kWide);
        call(kongur_kunlun_linear(context, x.data(), weight.data(), given, 0, n, k, 0, y.data()), "linear of no rows");
    }
}

void linear_int8() {
    const Opened context;
    const int64_t m = 4, n = 40, k = 64;
    const auto bias = floats(n), scales = floats(n);
    std::vector<int8_t> weight(n * k);
    for (auto &value : weight) value = static_cast<int8_t>(int(generator() % 255) - 127);
    // Rows that int8 holds exactly, of different sizes; the last is nothing.
    std::vector<int> whole(m * k, 0);
    std::vector<float> units{1 / 128.0f, 1 / 16.0f, 1 / 1024.0f, 0};
    std::vector<uint16_t> x(m * k, 0);
    for (int64_t i = 0; i < (m - 1) * k; i++) {
        whole[i] = i % k == 5 ? -127 : int(generator() % 255) - 127;
        x[i] = bits(whole[i] * units[i / k]);
    }
    for (const float *given : {static_cast<const float *>(nullptr), bias.data()}) {
        std::vector<double> wanted(m * n);
        for (int64_t i = 0; i < m * n; i++) {
            int64_t sum = 0;
            for (int64_t l = 0; l < k; l++) sum += whole[i / n * k + l] * weight[i % n * k + l];
            wanted[i] = double(sum) * units[i / n] * scales[i % n] + (given ? given[i % n] : 0);
        }
        std::vector<uint16_t> y(m * n);
        std::vector<float> wide(m * n);
        const auto run = [&](int64_t rows, int wide, void *y) {
            return kongur_kunlun_linear_int8(
                context, x.data(), weight.data(), scales.data(), given, rows, n, k, wide, y);
        };
        call(run(m, 1, wide.data()), "wide linear_int8");
        for (int64_t i = 0; i < m * n; i++) compare("wide linear_int8", i, wide[i], wanted[i], 1e-5);
        call(run(m, 0, y.data()), "linear_int8");
        compare("linear_int8", y, wanted);
        call(run(1, 1, wide.data()), "linear_int8 of one row");
        for (int64_t i = 0; i < n; i++) compare("linear_int8 of one row", i, wide[i], wanted[i], 1e-5);
        call(run(0, 0, y.data()), "linear_int8 of no rows");
    }
}

// Rows [m, n] with norms and sums that are computed here.
struct Rows {
    const int64_t m = 4, n = 64;
    const std::vector<uint16_t> x = halves(m * n), other = halves(m * n);
    const std::vector<float> weight = floats(n);
    std::vector<double> norms, sums, norms_of_sums;
    std::vector<uint16_t> y = std::vector<uint16_t>(m * n), sum = y;

    Rows() {
        for (int64_t i = 0; i < m; i++) {
            std::vector<double> row, total;
            for (int64_t j = 0; j < n; j++) {
                row.push_back(number(x[i * n + j]));
                total.push_back(row.back() + number(other[i * n + j]));
            }
            for (double value : normed(row, weight.data(), 1e-6f)) norms.push_back(value);
            for (double value : normed(total, weight.data(), 1e-6f)) norms_of_sums.push_back(value);
            sums.insert(sums.end(), total.begin(), total.end());
        }
    }
};

void rms_norm() {
    const Opened context;
    Rows rows;
    call(
        kongur_kunlun_rms_norm(context, rows.x.data(), rows.weight.data(), rows.m, rows.n, 1e-6f, rows.y.data()),
        "rms_norm");
    compare("rms_norm", rows.y, rows.norms);
}

void add_rms_norm() {
    const Opened context;
    Rows rows;
    call(
        kongur_kunlun_add_rms_norm(
            context, rows.x.data(), rows.other.data(), rows.weight.data(), rows.m, rows.n, 1e-6f, rows.sum.data(),
            rows.y.data()),
        "add_rms_norm");
    compare("the sum of add_rms_norm", rows.sum, rows.sums);
    compare("add_rms_norm", rows.y, rows.norms_of_sums);
}

void sum_of_two() {
    const Opened context;
    Rows rows;
    call(kongur_kunlun_add(context, rows.x.data(), rows.other.data(), rows.m * rows.n, rows.y.data()), "add");
    compare("add", rows.y, rows.sums);
}

void swiglu() {
    const Opened context;
    const int64_t m = 3, n = 32;
    const auto x = halves(m * 2 * n, 4);
    std::vector<double> wanted;
    for (int64_t i = 0; i < m * n; i++) {
        const double gate = number(x[i / n * 2 * n + i % n]), up = number(x[i / n * 2 * n + n + i % n]);
        wanted.push_back(gate / (1 + std::exp(-gate)) * up);
    }
    std::vector<uint16_t> y(m * n);
    call(kongur_kunlun_swiglu(context, x.data(), m, n, y.data()), "swiglu");
    compare("swiglu", y, wanted);
}

void gather() {
    const Opened context;
    // More rows than the library takes at once.
    const int64_t m = 5, n = 16, count = 40000;
    const auto x = halves(m * n);
    std::vector<int32_t> chosen(count);
    for (auto &row : chosen) row = generator() % m;
    std::vector<uint16_t> y(count * n);
    call(kongur_kunlun_gather(context, x.data(), m, n, ints(chosen), y.data()), "gather");
    for (int64_t i = 0; i < count * n; i++) expect(y[i] == x[chosen[i / n] * n + i % n], "gather gives other rows");
    std::fill(y.begin(), y.end(), 0);
    call(kongur_kunlun_embedding(context, ints(chosen), x.data(), m, n, y.data()), "embedding");
    for (int64_t i = 0; i < count * n; i++) expect(y[i] == x[chosen[i / n] * n + i % n], "embedding gives other rows");
    call(kongur_kunlun_gather(context, x.data(), m, n, ints({}), y.data()), "gather of no rows");
}

void copy_rows() {
    const Opened context;
    const int64_t m = 4, n = 6;
    const auto x = halves(m * n);
    std::vector<uint16_t> target(m * n, 0xABCD);
    call(kongur_kunlun_copy_rows(context, x.data(), 2 * n, target.data() + 2, 2 * n, m, 4), "copy_rows");
    for (int64_t i = 0; i < m * n; i++) {
        const int64_t j = i % n;
        expect(target[i] == (j >= 2 && j < 4 ? x[i - 2] : 0xABCD), "copy_rows copies something else");
    }
    const auto refused = [&](int64_t shift, int64_t size) {
        const int answer =
            kongur_kunlun_copy_rows(context, x.data() + shift, 2 * n, target.data(), 2 * n, 1, size);
        expect(answer == KONGUR_KUNLUN_UNSUPPORTED, "copies of parts of a float are refused");
    };
    refused(0, 2);
    refused(0, 3);
    refused(1, 4);
}

// A cache, its sequences, and what attention must give.
struct Attention {
    kongur_kunlun_attention_shape shape;
    std::vector<uint16_t> keys, values;
    std::vector<double> wanted_keys, wanted_values;
    float scale;

    Attention(int64_t tokens, int64_t heads, int64_t kv_heads, float scale)
        : shape{tokens, heads, kv_heads, 64, 6, 4}, scale(scale) {
        // No numbers until they are written.
        keys.assign(shape.blocks * kv_heads * shape.block_size * shape.head_dim, 0xFFFF);
        values = keys;
        wanted_keys.assign(keys.size(), NAN);
        wanted_values = wanted_keys;
    }

    // Writes tokens at slots and compares query and caches.
    std::vector<uint16_t> write(
        kongur_kunlun_context *context, const std::vector<int32_t> &positions, const std::vector<int32_t> &slots,
        bool norms, float size) {
        const int64_t heads = shape.heads, kv_heads = shape.kv_heads, dim = shape.head_dim;
        const int64_t width = (heads + 2 * kv_heads) * dim;
        shape.tokens = positions.size();
        const auto qkv = halves(shape.tokens * width, size);
        const auto frequencies = floats(dim / 2), query_norm = floats(dim), key_norm = floats(dim);
        std::vector<uint16_t> query(shape.tokens * heads * dim);
        call(
            kongur_kunlun_rotary_cache_write(
                context, shape, qkv.data(), ints(positions), ints(slots), frequencies.data(), 1.25f,
                norms ? query_norm.data() : nullptr, norms ? key_norm.data() : nullptr, 1e-5f, keys.data(), values.data(),
                query.data()),
            "rotary_cache_write");
        const auto head_of = [&](int64_t token, int64_t head, const float *norm) {
            std::vector<double> row(dim), turned(dim);
            for (int64_t d = 0; d < dim; d++) row[d] = number(qkv[token * width + head * dim + d]);
            if (norms) row = normed(row, norm, 1e-5f);
            for (int64_t d = 0; d < dim / 2; d++) {
                const double angle = double(positions[token] * frequencies[d]);
                const double c = std::cos(angle) * 1.25, s = std::sin(angle) * 1.25;
                turned[d] = row[d] * c - row[d + dim / 2] * s;
                turned[d + dim / 2] = row[d + dim / 2] * c + row[d] * s;
            }
            return turned;
        };
        std::vector<double> wanted_query;
        for (int64_t token = 0; token < shape.tokens; token++) {
            for (int64_t head = 0; head < heads; head++) {
                for (double value : head_of(token, head, query_norm.data())) wanted_query.push_back(value);
            }
            if (slots[token] < 0) continue;
            for (int64_t head = 0; head < kv_heads; head++) {
                const auto key = head_of(token, heads + head, key_norm.data());
                for (int64_t d = 0; d < dim; d++) {
                    wanted_keys[row(slots[token], head) + d] = key[d];
                    wanted_values[row(slots[token], head) + d] =
                        number(qkv[token * width + (heads + kv_heads + head) * dim + d]);
                }
            }
        }
        compare("rotary_cache_write's query", query, wanted_query);
        for (size_t i = 0; i < keys.size(); i++) {
            const bool is_written = !std::isnan(wanted_keys[i]);
            expect(is_written || (keys[i] == 0xFFFF && values[i] == 0xFFFF), "a slot that nobody named is written");
            if (!is_written) continue;
            compare("rotary_cache_write's keys", i, number(keys[i]), wanted_keys[i], 4e-3);
            compare("rotary_cache_write's values", i, number(values[i]), wanted_values[i], 4e-3);
        }
        return query;
    }

    int64_t row(int64_t slot, int64_t head) const {
        return ((slot / shape.block_size * shape.kv_heads + head) * shape.block_size + slot % shape.block_size) *
               shape.head_dim;
    }

    int run(
        kongur_kunlun_context *context, const std::vector<uint16_t> &query, const std::vector<int32_t> &starts,
        const std::vector<int32_t> &lengths, const std::vector<int32_t> &tables, std::vector<uint16_t> &y) {
        y.assign(query.size(), 0xABCD);
        return kongur_kunlun_paged_attention(
            context, shape, query.data(), keys.data(), values.data(), ints(starts), ints(lengths), ints(tables), scale,
            y.data());
    }

    void attend(
        kongur_kunlun_context *context, const std::vector<uint16_t> &query, const std::vector<int32_t> &starts,
        const std::vector<int32_t> &lengths, const std::vector<int32_t> &tables) {
        const int64_t dim = shape.head_dim, columns = tables.size() / lengths.size();
        std::vector<uint16_t> y;
        call(run(context, query, starts, lengths, tables, y), "paged_attention");
        for (int64_t place = 0; place < int64_t(y.size()); place++) {
            const int64_t token = place / (shape.heads * dim), head = place / dim % shape.heads, d = place % dim;
            const bool is_asked = token >= starts.front() && token < starts.back();
            expect(is_asked || y[place] == 0xABCD, "paged_attention writes rows of no sequence");
            if (!is_asked || d > 0) continue;
            size_t sequence = 0;
            while (token >= starts[sequence + 1]) sequence++;
            const int64_t seen = lengths[sequence] - (starts[sequence + 1] - 1 - token);
            const auto place_of = [&](int64_t t) {
                const int64_t block = tables[sequence * columns + t / shape.block_size];
                return row(block * shape.block_size + t % shape.block_size, head / (shape.heads / shape.kv_heads));
            };
            std::vector<double> weights(seen), sums(dim);
            double largest = -INFINITY, total = 0;
            for (int64_t t = 0; t < seen; t++) {
                for (int64_t e = 0; e < dim; e++) {
                    weights[t] += double(number(query[place + e])) * number(keys[place_of(t) + e]) * scale;
                }
                largest = std::fmax(largest, weights[t]);
            }
            for (double &weight : weights) total += weight = std::exp(weight - largest);
            for (int64_t t = 0; t < seen; t++) {
                for (int64_t e = 0; e < dim; e++) sums[e] += weights[t] / total * number(values[place_of(t) + e]);
            }
            for (int64_t e = 0; e < dim; e++) {
                compare("paged_attention", place + e, number(y[place + e]), sums[e], 4e-3);
            }
        }
    }

    // Prefill, padding without a slot, decoding and a chunk; then each sequence's next tokens, of which numbers are larger than
    // all before, and then smaller: largest magnitudes must grow with the cache, and stay.
    void serve(kongur_kunlun_context *context, bool norms) {
        std::vector<int32_t> slots(20), positions(20);
        for (int32_t i = 0; i < 20; i++) slots[i] = positions[i] = i;
        write(context, positions, slots, norms, 0.5);
        const auto query = write(context, {0, 1, 2, 9, 5, 3, 4}, {20, 21, 22, -1, 9, 7, 12}, norms, 1);
        attend(context, query, {0, 3, 4, 6}, {3, 6, 9}, {5, 0, 0, 1, 2, 0, 3, 4, 5});
        const auto next = write(context, {3, 6, 9}, {23, 10, 13}, norms, 3);
        attend(context, next, {0, 1, 2, 3}, {4, 7, 10}, {5, 0, 0, 1, 2, 0, 3, 4, 3});
        // The first row belongs to nobody, the middle sequence has no row.
        attend(context, next, {1, 2, 2, 3}, {7, 0, 10}, {1, 2, 0, 0, 0, 0, 3, 4, 3});
        const auto last = write(context, {4, 7, 10}, {0, 11, 14}, norms, 0.25);
        attend(context, last, {0, 1, 2, 3}, {5, 8, 11}, {5, 0, 0, 1, 2, 0, 3, 4, 3});
    }
};

void attention(int64_t heads, int64_t kv_heads, bool norms, float scale) {
    const Opened context;
    Attention(0, heads, kv_heads, scale).serve(context, norms);
}

#ifndef KONGUR_KUNLUN_HOST

// A cache that the processor wrote, or may have, is not attended to by maxima that do not cover it.
void distrust() {
    const Opened context;
    Attention attention(0, 2, 2, 0.125f);
    std::vector<uint16_t> y, query = halves(2 * 64);
    attention.shape.tokens = 1;
    const auto attend = [&] { return attention.run(context, query, {0, 1}, {1}, {0}, y); };
    expect(attend() == KONGUR_KUNLUN_UNSUPPORTED, "a cache that was written elsewhere is refused");
    query = attention.write(context, {0}, {0}, false, 1);
    call(attend(), "attention to what was written");
    standin_answer(api::NOT_IMPLEMENT, 3);
    try {
        attention.write(context, {0}, {0}, false, 1);
        throw Wrong{"the answer of the library is passed over"};
    } catch (const Refused &) {
    }
    query = attention.write(context, {0}, {0}, false, 1);
    expect(attend() == KONGUR_KUNLUN_UNSUPPORTED, "a cache that the processor wrote to is refused from then on");
    kongur_kunlun_forget(context, attention.keys.data());
    kongur_kunlun_forget(context, attention.values.data());
    kongur_kunlun_forget(context, attention.values.data());
    query = attention.write(context, {0}, {0}, false, 1);
    call(attend(), "attention to a new cache at the same place");
}

// Whichever of the library's calls answers something else than success, the operator says what it means, and the next one works.
void answers() {
    const std::vector<std::pair<int, int>> meanings{
        {api::INVALID_PARAM, KONGUR_KUNLUN_UNSUPPORTED},
        {api::NOT_IMPLEMENT, KONGUR_KUNLUN_UNSUPPORTED},
        {api::NO_ENOUGH_WORKSPACE, kOutOfMemory},
        {api::RUNTIME_ERROR, kUnexpected},
        {77, kUnexpected}};
    const int64_t n = 64;
    const auto x = halves(4 * n);
    const auto weights = floats(n);
    std::vector<int8_t> quantized(n * n, 1);
    std::vector<uint16_t> half_weights = halves(n * n), y(4 * n), sum(4 * n);
    const std::vector<int32_t> rows{1, 0};
    const auto each = [&](const std::function<int(kongur_kunlun_context *)> &run) {
        const Opened context;
        standin_calls();
        call(run(context), "an operator");
        const int calls = standin_calls();
        for (int at = 0; at < calls; at++) {
            for (const auto &meaning : meanings) {
                standin_answer(meaning.first, at);
                const int answer = run(context);
                expect(
                    answer == meaning.second, "XDNN's " + std::to_string(meaning.first) + " became " +
                                                  std::to_string(answer) + " at call " + std::to_string(at));
                standin_answer(0, -1);
                call(run(context), "the next call");
            }
        }
        return calls;
    };
    int calls = 0;
    calls += each([&](auto *c) { return kongur_kunlun_add(c, x.data(), x.data(), n, y.data()); });
    calls += each([&](auto *c) { return kongur_kunlun_swiglu(c, x.data(), 2, n, y.data()); });
    calls += each([&](auto *c) { return kongur_kunlun_gather(c, x.data(), 4, n, ints(rows), y.data()); });
    calls += each([&](auto *c) { return kongur_kunlun_copy_rows(c, x.data(), 8, y.data(), 8, 2, 4); });
    calls += each([&](auto *c) {
        return kongur_kunlun_add_rms_norm(c, x.data(), x.data(), weights.data(), 4, n, 1e-6f, sum.data(), y.data());
    });
    calls += each([&](auto *c) {
        return kongur_kunlun_linear_int8(
            c, x.data(), quantized.data(), weights.data(), weights.data(), 4, n, n, 0, y.data());
    });
    calls += each([&](auto *c) {
        return kongur_kunlun_linear(c, x.data(), half_weights.data(), weights.data(), 4, n, n, 0, y.data());
    });
    expect(calls > 12, "operators call the library");
}

// Memory that is refused is an error that leaves nothing half made.
void memory() {
    for (int at = 0; at < 12; at++) {
        const Opened context;
        Attention attention(0, 4, 2, 0.125f);
        std::vector<uint16_t> y;
        attention.shape.tokens = 1;
        const auto query = attention.write(context, {0}, {0}, false, 1);
        standin_refuse(1);
        expect(attention.run(context, query, {0, 1}, {1}, {0}, y) == -705, "an error of the runtime is passed on");
        call(attention.run(context, query, {0, 1}, {1}, {0}, y), "the next call");
    }
    expect(standin_held() == 0, "device memory is given back");
    expect(standin_contexts() == 0, "contexts are given back");
}

#endif

// One line, and 0 where all is well, 1 where the numbers are wrong, 2 where the library refused.
int run(const std::string &name, const std::function<void()> &body, const char *wrong_word = "WRONG  ") {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        alarm(120);
        int state = 0;
        try {
            body();
            std::printf("ok       %s\n", name.c_str());
        } catch (const Wrong &wrong) {
            std::printf("%s  %s: %s\n", wrong_word, name.c_str(), wrong.what.c_str());
            state = 1;
        } catch (const Refused &refused) {
            std::printf("refused  %s: %s\n", name.c_str(), refused.what.c_str());
            state = 2;
        }
        std::exit(state);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    std::printf("CRASHED  %s: signal %d\n", name.c_str(), WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return 1;
}

struct Case {
    const char *name;
    std::function<void()> body;
};

// What a reading is about, by the function that its name begins with.
std::function<void()> body_of(const std::string &function) {
    if (function == "swiglu") return swiglu;
    if (function == "linear_int8") return linear_int8;
    if (function == "add_rms_norm") return add_rms_norm;
    return [] { attention(12, 2, false, 0.125f); };
}

#ifdef KONGUR_STANDIN
// What the stand-ins hold of each reading: 0 holds, 1 gives other numbers, 2 is refused.
int wanted_of(const std::string &reading) {
    if (reading == "swiglu.gate=second" || reading == "linear_int8.row_scales=scale") return 1;
    if (reading == "paged_attention.heads=grouped" && KONGUR_KUNLUN_GENERATION < 3) return 2;
    return 0;
}
#endif

}  // namespace

int main() {
    const float usual = 1 / std::sqrt(64.0f);
    std::vector<Case> cases{
        {"linear", linear},
        {"linear_int8", linear_int8},
        {"rms_norm", rms_norm},
        {"add_rms_norm", add_rms_norm},
        {"add", sum_of_two},
        {"swiglu", swiglu},
        {"gather and embedding", gather},
        {"copy_rows", copy_rows},
        {"attention", [&] { attention(4, 4, false, usual); }},
        {"attention of 12 heads on 2", [&] { attention(12, 2, false, usual); }},
        {"attention with norms of heads", [&] { attention(4, 1, true, usual); }},
        {"attention at another scale", [&] { attention(4, 2, false, 0.3f); }},
#ifndef KONGUR_KUNLUN_HOST
        {"caches of others", distrust},
        {"answers of the library", answers},
        {"memory", memory},
#endif
    };
    std::printf("%s, version %u of the interface\n", kongur_kunlun_description(), kongur_kunlun_abi_version());
#ifdef KONGUR_XDNN_VERSION
    std::printf("XDNN %s\n", __XDNN_VERSION);
#endif
    int wrong = 0, refused = 0;
    for (const Case &each : cases) {
        const int state = run(each.name, each.body);
        wrong += state == 1 || state > 2;
        refused += state == 2;
    }
    kongur_kunlun_reading reading;
    Readings readings;
    for (int32_t index = 0; readings.get(index, &reading) == 0; index++) {
        for (int32_t position = 0; position < reading.count; position++) {
            const Choice choice{reading.name, reading.choices[position]};
            const std::string name = choice.name + "=" + choice.choice;
            const bool is_used = position == reading.chosen;
            const auto body = [&] {
                tried = choice;
                body_of(choice.name.substr(0, choice.name.find('.')))();
            };
            const int state =
                run("reading " + name + (is_used ? " (in use)" : ""), body, is_used ? "WRONG  " : "differs");
            (void)state;
#ifdef KONGUR_STANDIN
            if (state == wanted_of(name)) continue;
            std::printf("WRONG    reading %s: the stand-ins want %d\n", name.c_str(), wanted_of(name));
            wrong++;
#endif
        }
    }
    std::printf("%d wrong, %d refused\n", wrong, refused);
#ifdef KONGUR_KUNLUN_HOST
    return wrong > 0;
#else
    return wrong > 0 || refused > 0;
#endif
}
