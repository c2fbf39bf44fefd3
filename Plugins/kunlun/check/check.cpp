// Runs the shim on the host, over functions that do what XDNN's are understood to do, and compares each operator with what
// kongur_kunlun_ops.h says of it, computed here without them.
#include "kongur_kunlun_ops.h"

#include <xpu/xdnn.h>

#include <cstdio>
#include <random>

#include "../kongur_kunlun_xdnn.cpp"

namespace {

std::mt19937 generator(7);
int failures = 0;

void expect(bool holds, const char *what) {
    if (holds) return;
    std::printf("FAILED %s\n", what);
    failures++;
}

float number(uint16_t bits) {
    _Float16 value;
    std::memcpy(&value, &bits, 2);
    return float(value);
}

uint16_t bits(float number) {
    const _Float16 value = _Float16(number);
    uint16_t bits;
    std::memcpy(&bits, &value, 2);
    return bits;
}

float uniform() { return std::uniform_real_distribution<float>(-1, 1)(generator); }

std::vector<uint16_t> halves(int64_t count) {
    std::vector<uint16_t> values(count);
    for (auto &value : values) value = bits(uniform());
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

// Whether f16 results are within a few units of the last place of those wanted.
bool close(const std::vector<uint16_t> &have, const std::vector<double> &wanted) {
    for (size_t i = 0; i < wanted.size(); i++) {
        if (!(std::fabs(number(have[i]) - wanted[i]) <= 4e-3 * (1 + std::fabs(wanted[i])))) {
            std::printf("  [%zu] %g, not %g\n", i, double(number(have[i])), wanted[i]);
            return false;
        }
    }
    return true;
}

std::vector<double> normed(std::vector<double> row, const float *weight, float epsilon) {
    double squares = 0;
    for (double value : row) squares += value * value;
    const double factor = 1 / std::sqrt(squares / row.size() + epsilon);
    for (size_t i = 0; i < row.size(); i++) row[i] *= factor * weight[i];
    return row;
}

void check_products(kongur_kunlun_context *context) {
    const int64_t m = 3, n = 5, k = 16;
    const auto x = halves(m * k), weight = halves(n * k);
    const auto bias = floats(n), scales = floats(n);
    std::vector<int8_t> quantized(n * k);
    for (auto &value : quantized) value = static_cast<int8_t>(generator() % 255 - 127);
    std::vector<double> wanted(m * n), wanted_int8(m * n);
    for (int64_t i = 0; i < m; i++) {
        double largest = 0;
        for (int64_t l = 0; l < k; l++) largest = std::fmax(largest, std::fabs(number(x[i * k + l])));
        const float scale = float(largest) / 127;
        for (int64_t j = 0; j < n; j++) {
            double sum = bias[j];
            int64_t whole = 0;
            for (int64_t l = 0; l < k; l++) {
                sum += double(number(x[i * k + l])) * number(weight[j * k + l]);
                whole += int64_t(std::nearbyint(number(x[i * k + l]) / scale)) * quantized[j * k + l];
            }
            wanted[i * n + j] = sum;
            wanted_int8[i * n + j] = double(whole) * scale * scales[j];
        }
    }
    std::vector<uint16_t> y(m * n);
    std::vector<float> wide(m * n);
    expect(kongur_kunlun_linear(context, x.data(), weight.data(), bias.data(), m, n, k, 0, y.data()) == 0, "linear");
    expect(close(y, wanted), "linear's values");
    expect(kongur_kunlun_linear(context, x.data(), weight.data(), bias.data(), m, n, k, 1, wide.data()) == 0, "wide");
    for (int64_t i = 0; i < m * n; i++) expect(std::fabs(wide[i] - wanted[i]) < 1e-5, "wide linear's values");
    expect(
        kongur_kunlun_linear_int8(
            context, x.data(), quantized.data(), scales.data(), nullptr, m, n, k, 1, wide.data()) == 0,
        "linear_int8");
    for (int64_t i = 0; i < m * n; i++) {
        expect(std::fabs(wide[i] - wanted_int8[i]) < 1e-4, "linear_int8's values");
    }
    expect(
        kongur_kunlun_linear_int8(
            context, x.data(), quantized.data(), scales.data(), nullptr, 0, n, k, 0, y.data()) == 0,
        "linear_int8 of no rows");
}

void check_rows(kongur_kunlun_context *context) {
    const int64_t m = 4, n = 6;
    const auto x = halves(m * n), other = halves(m * n);
    const auto weight = floats(n);
    std::vector<double> norms, sums, norms_of_sums;
    for (int64_t i = 0; i < m; i++) {
        std::vector<double> row, sum;
        for (int64_t j = 0; j < n; j++) {
            row.push_back(number(x[i * n + j]));
            sum.push_back(row.back() + number(other[i * n + j]));
        }
        for (double value : normed(row, weight.data(), 1e-6f)) norms.push_back(value);
        for (double value : normed(sum, weight.data(), 1e-6f)) norms_of_sums.push_back(value);
        sums.insert(sums.end(), sum.begin(), sum.end());
    }
    std::vector<uint16_t> y(m * n), sum(m * n);
    expect(kongur_kunlun_rms_norm(context, x.data(), weight.data(), m, n, 1e-6f, y.data()) == 0, "rms_norm");
    expect(close(y, norms), "rms_norm's values");
    expect(
        kongur_kunlun_add_rms_norm(
            context, x.data(), other.data(), weight.data(), m, n, 1e-6f, sum.data(), y.data()) == 0,
        "add_rms_norm");
    expect(close(sum, sums) && close(y, norms_of_sums), "add_rms_norm's values");
    expect(kongur_kunlun_add(context, x.data(), other.data(), m * n, y.data()) == 0, "add");
    expect(close(y, sums), "add's values");

    const int64_t half = n / 2;
    std::vector<double> gated;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < half; j++) {
            const double gate = number(x[i * n + j]);
            gated.push_back(gate / (1 + std::exp(-gate)) * number(x[i * n + half + j]));
        }
    }
    expect(kongur_kunlun_swiglu(context, x.data(), m, half, y.data()) == 0, "swiglu");
    expect(close(y, gated), "swiglu's values");

    const std::vector<int32_t> chosen{3, 0, 3};
    std::vector<uint16_t> rows(3 * n, 0);
    expect(kongur_kunlun_gather(context, x.data(), m, n, ints(chosen), rows.data()) == 0, "gather");
    for (int64_t i = 0; i < 3 * n; i++) expect(rows[i] == x[chosen[i / n] * n + i % n], "gather's values");
    expect(kongur_kunlun_embedding(context, ints(chosen), x.data(), m, n, rows.data()) == 0, "embedding");
    for (int64_t i = 0; i < 3 * n; i++) expect(rows[i] == x[chosen[i / n] * n + i % n], "embedding's values");

    // Every second half of a row, in units of four bytes and of two; single bytes are refused.
    for (int64_t size : {4, 2}) {
        std::vector<uint16_t> target(m * n, 0xABCD);
        expect(
            kongur_kunlun_copy_rows(context, x.data(), 2 * n, target.data() + 2, 2 * n, m, size) == 0, "copy_rows");
        for (int64_t i = 0; i < m; i++) {
            for (int64_t j = 0; j < n; j++) {
                const bool written = j >= 2 && j < 2 + size / 2;
                expect(target[i * n + j] == (written ? x[i * n + j - 2] : 0xABCD), "copy_rows' values");
            }
        }
    }
    expect(
        kongur_kunlun_copy_rows(context, x.data(), 12, y.data(), 12, 1, 3) == KONGUR_KUNLUN_UNSUPPORTED,
        "copy_rows of single bytes");
}

// Writes tokens to a cache and attends to it, with grouped heads, norms, tokens without a slot, and a mixture of prefill and
// decoding.
void check_attention(kongur_kunlun_context *context, bool norms) {
    const int64_t heads = 4, kv_heads = 2, dim = 8, blocks = 6, block_size = 4, tokens = 7;
    const kongur_kunlun_attention_shape shape{tokens, heads, kv_heads, dim, blocks, block_size};
    const int64_t width = (heads + 2 * kv_heads) * dim, cache_size = blocks * kv_heads * block_size * dim;
    const auto qkv = halves(tokens * width);
    const auto frequencies = floats(dim / 2), query_norm = floats(dim), key_norm = floats(dim);
    const auto old_keys = halves(cache_size), old_values = halves(cache_size);
    auto keys = old_keys, values = old_values;
    std::vector<uint16_t> query(tokens * heads * dim);

    // A prefill of 3 tokens in blocks 5 and 1, a row of padding without a slot, a decoding token, and a chunk of 2.
    const std::vector<int32_t> positions{0, 1, 2, 9, 5, 3, 4};
    const std::vector<int32_t> slots{20, 21, 22, -1, 9, 7, 12};
    expect(
        kongur_kunlun_rotary_cache_write(
            context, shape, qkv.data(), ints(positions), ints(slots), frequencies.data(), 1.25f,
            norms ? query_norm.data() : nullptr, norms ? key_norm.data() : nullptr, 1e-5f, keys.data(), values.data(),
            query.data()) == 0,
        "rotary_cache_write");

    const auto head_of = [&](int64_t token, int64_t head, const float *norm) {
        std::vector<double> row(dim), turned(dim);
        for (int64_t d = 0; d < dim; d++) row[d] = number(qkv[token * width + head * dim + d]);
        if (norm != nullptr) row = normed(row, norm, 1e-5f);
        for (int64_t d = 0; d < dim / 2; d++) {
            const double angle = positions[token] * double(frequencies[d]);
            const double c = std::cos(angle) * 1.25, s = std::sin(angle) * 1.25;
            turned[d] = row[d] * c - row[d + dim / 2] * s;
            turned[d + dim / 2] = row[d + dim / 2] * c + row[d] * s;
        }
        return turned;
    };
    std::vector<double> wanted_query, wanted_keys, wanted_values;
    for (uint16_t value : old_keys) wanted_keys.push_back(number(value));
    for (uint16_t value : old_values) wanted_values.push_back(number(value));
    for (int64_t token = 0; token < tokens; token++) {
        for (int64_t head = 0; head < heads; head++) {
            for (double v : head_of(token, head, norms ? query_norm.data() : nullptr)) wanted_query.push_back(v);
        }
        if (slots[token] < 0) continue;
        for (int64_t head = 0; head < kv_heads; head++) {
            const int64_t row =
                ((slots[token] / block_size * kv_heads + head) * block_size + slots[token] % block_size) * dim;
            const auto key = head_of(token, heads + head, norms ? key_norm.data() : nullptr);
            for (int64_t d = 0; d < dim; d++) {
                wanted_keys[row + d] = key[d];
                wanted_values[row + d] = number(qkv[token * width + (heads + kv_heads + head) * dim + d]);
            }
        }
    }
    expect(close(query, wanted_query), "rotary_cache_write's query");
    expect(close(keys, wanted_keys), "rotary_cache_write's keys");
    expect(close(values, wanted_values), "rotary_cache_write's values");

    // Sequences of 3 rows of 3 tokens, 1 of 6, and 2 of 9, over these blocks.
    const std::vector<int32_t> starts{0, 3, 4, 6}, lengths{3, 6, 9};
    const std::vector<int32_t> tables{5, 0, 0, 1, 2, 0, 3, 4, 5};
    std::vector<uint16_t> y(tokens * heads * dim, 0xABCD);
    expect(
        kongur_kunlun_paged_attention(
            context, shape, query.data(), keys.data(), values.data(), ints(starts), ints(lengths), ints(tables), 0.3f,
            y.data()) == 0,
        "paged_attention");
    std::vector<double> wanted;
    for (int64_t sequence = 0; sequence < 3; sequence++) {
        for (int64_t row = starts[sequence]; row < starts[sequence + 1]; row++) {
            const int64_t seen = lengths[sequence] - (starts[sequence + 1] - 1 - row);
            for (int64_t head = 0; head < heads; head++) {
                std::vector<double> result(dim);
                double total = 0;
                for (int64_t t = 0; t < seen; t++) {
                    const int64_t block = tables[sequence * 3 + t / block_size];
                    const int64_t place =
                        ((block * kv_heads + head / (heads / kv_heads)) * block_size + t % block_size) * dim;
                    double score = 0;
                    for (int64_t d = 0; d < dim; d++) {
                        score += double(number(query[(row * heads + head) * dim + d])) * number(keys[place + d]);
                    }
                    const double weight = std::exp(score * 0.3);
                    total += weight;
                    for (int64_t d = 0; d < dim; d++) result[d] += weight * number(values[place + d]);
                }
                for (double value : result) wanted.push_back(value / total);
            }
        }
    }
    expect(close(y, wanted), "paged_attention's values");
    for (size_t i = wanted.size(); i < y.size(); i++) expect(y[i] == 0xABCD, "rows of no sequence are left alone");
}

void check_answers() {
    kongur_kunlun_context *context = nullptr;
    expect(kongur_kunlun_open(nullptr, &context) == 0, "open");
    const auto x = halves(8);
    std::vector<uint16_t> y(8);
    const auto add = [&] { return kongur_kunlun_add(context, x.data(), x.data(), 8, y.data()); };
    api::answer_instead = api::INVALID_PARAM;
    expect(add() == KONGUR_KUNLUN_UNSUPPORTED, "what XDNN refuses is unsupported");
    api::answer_instead = api::NOT_IMPLEMENT;
    expect(add() == KONGUR_KUNLUN_UNSUPPORTED, "what XDNN lacks is unsupported");
    api::answer_instead = 3;
    expect(add() == 800, "what else XDNN answers is an error of the device");
    api::answer_instead = api::SUCCESS;
    expect(add() == 0, "and the next call may succeed");

    const kongur_kunlun_attention_shape shape{1, 1, 1, 8, 1, 4};
    const std::vector<int32_t> starts{0, 1}, lengths{1}, tables{0};
    xpu_refusals = 1;
    const auto attend = [&] {
        return kongur_kunlun_paged_attention(
            context, shape, x.data(), x.data(), x.data(), ints(starts), ints(lengths), ints(tables), 1, y.data());
    };
    expect(attend() == -705, "an error of the runtime is passed on");
    expect(attend() == 0, "and leaves nothing half made");
    kongur_kunlun_close(context);
}

}  // namespace

int main() {
    kongur_kunlun_context *context = nullptr;
    expect(kongur_kunlun_abi_version() == KONGUR_KUNLUN_ABI, "version");
    expect(kongur_kunlun_open(nullptr, &context) == 0, "open");
    check_products(context);
    check_rows(context);
    check_attention(context, false);
    check_attention(context, true);
    kongur_kunlun_close(context);
    check_answers();
    expect(xpu_held == 0, "device memory is given back");
    expect(api::contexts == 0, "contexts are given back");
    if (failures == 0) std::printf("the shim does what kongur_kunlun_ops.h says, over functions that stand in for XDNN's\n");
    return failures == 0 ? 0 : 1;
}
