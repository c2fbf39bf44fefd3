// A stand-in for an operator library, for tests: kongur_kunlun_ops.h on the stand-in runtime, in plain loops.
//
// The numbers are those of Kongur's reference: sums in double, rounded once. Work runs when the stream is waited for, and
// reads the device's copies of whole numbers then. Compiled with -DSTANDIN_WITHOUT_..., an operator is missing; with
// -DSTANDIN_ABI=9, it is of another version.
#include "kongur_kunlun_ops.h"
#include "standin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef STANDIN_ABI
#define STANDIN_ABI KONGUR_KUNLUN_ABI
#endif

typedef _Float16 half;

struct kongur_kunlun_context {
    void *stream;
    // The half that is not the gate is taken for it: what a reading of swiglu does that does not hold.
    int gate_is_second;
    const void *caches[256];
    int cache_count;
};

static half to_half(double value) { return (half)(float)value; }

uint32_t kongur_kunlun_abi_version(void) { return STANDIN_ABI; }
const char *kongur_kunlun_description(void) { return "stand-in operators in host memory"; }

int kongur_kunlun_open(void *stream, kongur_kunlun_context **context) {
    int code = standin_enter();
    if (code) return code;
    *context = calloc(1, sizeof **context);
    (*context)->stream = stream;
    return 0;
}

void kongur_kunlun_close(kongur_kunlun_context *context) {
    standin_caches(-context->cache_count);
    free(context);
}

int kongur_kunlun_reading_at(kongur_kunlun_context *context, int32_t index, kongur_kunlun_reading *reading) {
    static const char *const choices[] = {"first", "second"};
    if (index != 0) return KONGUR_KUNLUN_INVALID;
    *reading = (kongur_kunlun_reading){"swiglu.gate", choices, 2, context->gate_is_second};
    return KONGUR_KUNLUN_OK;
}

int kongur_kunlun_choose(kongur_kunlun_context *context, const char *name, const char *choice) {
    if (strcmp(name, "swiglu.gate") || (strcmp(choice, "first") && strcmp(choice, "second"))) return KONGUR_KUNLUN_INVALID;
    context->gate_is_second = !strcmp(choice, "second");
    return KONGUR_KUNLUN_OK;
}

static void know(kongur_kunlun_context *context, const void *cache) {
    for (int i = 0; i < context->cache_count; i++)
        if (context->caches[i] == cache) return;
    if (context->cache_count == 256) return;
    context->caches[context->cache_count++] = cache;
    standin_caches(1);
}

void kongur_kunlun_forget(kongur_kunlun_context *context, const void *cache) {
    for (int i = 0; i < context->cache_count; i++) {
        if (context->caches[i] != cache) continue;
        context->caches[i] = context->caches[--context->cache_count];
        standin_caches(-1);
        return;
    }
}

// Answers a fault that is due, or queues the work.
#define QUEUE(work, arguments)                                                                                         \
    do {                                                                                                               \
        int code = context ? standin_enter() : KONGUR_KUNLUN_INVALID;                                                  \
        if (code) return code;                                                                                         \
        standin_enqueue(work, &(arguments), sizeof(arguments));                                                        \
        return KONGUR_KUNLUN_OK;                                                                                       \
    } while (0)

#define REQUIRE(condition)                                                                                             \
    if (!(condition)) return KONGUR_KUNLUN_INVALID

#ifndef STANDIN_WITHOUT_EMBEDDING
struct rows {
    const half *x;
    const int32_t *rows;
    int64_t count, n;
    half *y;
};

static void run_rows(const void *arguments) {
    const struct rows *a = arguments;
    for (int64_t i = 0; i < a->count; i++)
        for (int64_t j = 0; j < a->n; j++) a->y[i * a->n + j] = a->x[a->rows[i] * a->n + j];
}

int kongur_kunlun_embedding(kongur_kunlun_context *context, kongur_kunlun_ints ids, const uint16_t *table,
                            int64_t vocabulary, int64_t width, uint16_t *y) {
    REQUIRE(standin_owns(table, vocabulary * width * 2) && standin_owns(y, ids.count * width * 2));
    struct rows arguments = {(const half *)table, ids.device, ids.count, width, (half *)y};
    QUEUE(run_rows, arguments);
}

int kongur_kunlun_gather(kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n,
                         kongur_kunlun_ints rows, uint16_t *y) {
    REQUIRE(standin_owns(x, m * n * 2) && standin_owns(y, rows.count * n * 2));
    struct rows arguments = {(const half *)x, rows.device, rows.count, n, (half *)y};
    QUEUE(run_rows, arguments);
}
#endif

struct product {
    const half *x;
    const void *weight;
    const float *scales, *bias;
    int64_t m, n, k;
    int wide;
    void *y;
};

static void give(const struct product *a, int64_t i, int64_t j, double sum) {
    if (a->bias) sum += a->bias[j];
    if (a->wide) ((float *)a->y)[i * a->n + j] = (float)sum;
    else ((half *)a->y)[i * a->n + j] = to_half(sum);
}

static void run_linear(const void *arguments) {
    const struct product *a = arguments;
    const half *weight = a->weight;
    float *x = malloc((a->k + 1) * sizeof *x);
    for (int64_t i = 0; i < a->m; i++) {
        for (int64_t l = 0; l < a->k; l++) x[l] = (float)a->x[i * a->k + l];
        for (int64_t j = 0; j < a->n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < a->k; l++) sum += (double)x[l] * (double)(float)weight[j * a->k + l];
            give(a, i, j, sum);
        }
    }
    free(x);
}

static void run_linear_int8(const void *arguments) {
    const struct product *a = arguments;
    const int8_t *weight = a->weight;
    int32_t *q = malloc((a->k + 1) * sizeof *q);
    for (int64_t i = 0; i < a->m; i++) {
        float largest = 0;
        for (int64_t l = 0; l < a->k; l++) largest = fmaxf(largest, fabsf((float)a->x[i * a->k + l]));
        float factor = largest > 0x1p-120f ? 127 / largest : 0, scale = largest / 127;
        for (int64_t l = 0; l < a->k; l++) q[l] = (int32_t)rintf((float)a->x[i * a->k + l] * factor);
        for (int64_t j = 0; j < a->n; j++) {
            int64_t sum = 0;
            for (int64_t l = 0; l < a->k; l++) sum += q[l] * weight[j * a->k + l];
            give(a, i, j, (double)sum * ((double)scale * a->scales[j]));
        }
    }
    free(q);
}

int kongur_kunlun_linear(kongur_kunlun_context *context, const uint16_t *x, const uint16_t *weight, const float *bias,
                         int64_t m, int64_t n, int64_t k, int wide, void *y) {
    REQUIRE(standin_owns(x, m * k * 2) && standin_owns(weight, n * k * 2) && standin_owns(y, m * n * (wide ? 4 : 2)));
    struct product arguments = {(const half *)x, weight, NULL, bias, m, n, k, wide, y};
    QUEUE(run_linear, arguments);
}

int kongur_kunlun_linear_int8(kongur_kunlun_context *context, const uint16_t *x, const int8_t *weight,
                              const float *scales, const float *bias, int64_t m, int64_t n, int64_t k, int wide,
                              void *y) {
    REQUIRE(standin_owns(x, m * k * 2) && standin_owns(weight, n * k) && standin_owns(scales, n * 4) &&
            standin_owns(y, m * n * (wide ? 4 : 2)));
    struct product arguments = {(const half *)x, weight, scales, bias, m, n, k, wide, y};
    QUEUE(run_linear_int8, arguments);
}

struct norm {
    const half *x, *residual;
    const float *weight;
    int64_t m, n;
    float epsilon;
    half *sum, *y;
};

static void normalise(float *x, const float *weight, int64_t n, double epsilon) {
    double squares = 0;
    for (int64_t j = 0; j < n; j++) squares += (double)x[j] * x[j];
    double scale = 1 / sqrt(squares / n + epsilon);
    for (int64_t j = 0; j < n; j++) x[j] = (float)(x[j] * scale * weight[j]);
}

static void run_norm(const void *arguments) {
    const struct norm *a = arguments;
    float *row = malloc((a->n + 1) * sizeof *row);
    for (int64_t i = 0; i < a->m; i++) {
        for (int64_t j = 0; j < a->n; j++) {
            row[j] = (float)a->x[i * a->n + j];
            if (!a->residual) continue;
            row[j] += (float)a->residual[i * a->n + j];
            a->sum[i * a->n + j] = (half)row[j];
        }
        normalise(row, a->weight, a->n, a->epsilon);
        for (int64_t j = 0; j < a->n; j++) a->y[i * a->n + j] = (half)row[j];
    }
    free(row);
}

#ifndef STANDIN_WITHOUT_RMS_NORM
int kongur_kunlun_rms_norm(kongur_kunlun_context *context, const uint16_t *x, const float *weight, int64_t m,
                           int64_t n, float epsilon, uint16_t *y) {
    REQUIRE(standin_owns(x, m * n * 2) && standin_owns(weight, n * 4) && standin_owns(y, m * n * 2));
    struct norm arguments = {(const half *)x, NULL, weight, m, n, epsilon, NULL, (half *)y};
    QUEUE(run_norm, arguments);
}

int kongur_kunlun_add_rms_norm(kongur_kunlun_context *context, const uint16_t *x, const uint16_t *residual,
                               const float *weight, int64_t m, int64_t n, float epsilon, uint16_t *sum, uint16_t *y) {
    REQUIRE(standin_owns(x, m * n * 2) && standin_owns(residual, m * n * 2) && standin_owns(weight, n * 4) &&
            standin_owns(sum, m * n * 2) && standin_owns(y, m * n * 2));
    struct norm arguments = {(const half *)x, (const half *)residual, weight, m, n, epsilon, (half *)sum, (half *)y};
    QUEUE(run_norm, arguments);
}
#endif

#ifndef STANDIN_WITHOUT_ATTENTION
struct rotary {
    kongur_kunlun_attention_shape shape;
    const half *qkv;
    const int32_t *positions, *slots;
    const float *frequencies, *query_norm, *key_norm;
    float scale, epsilon;
    half *key_cache, *value_cache, *query;
};

static void turn(float *head, const struct rotary *a, int64_t token, const float *norm) {
    int64_t width = a->shape.head_dim, middle = width / 2;
    if (norm) normalise(head, norm, width, a->epsilon);
    for (int64_t i = 0; i < middle; i++) {
        double angle = (double)((float)a->positions[token] * a->frequencies[i]);
        double cosine = cos(angle) * a->scale, sine = sin(angle) * a->scale;
        double x = head[i], y = head[middle + i];
        head[i] = (float)(x * cosine - y * sine);
        head[middle + i] = (float)(y * cosine + x * sine);
    }
}

static half *row_of(half *cache, const kongur_kunlun_attention_shape *s, int64_t slot, int64_t head) {
    return cache + ((slot / s->block_size * s->kv_heads + head) * s->block_size + slot % s->block_size) * s->head_dim;
}

static void run_rotary(const void *arguments) {
    const struct rotary *a = arguments;
    int64_t width = a->shape.head_dim, heads = a->shape.heads, kv = a->shape.kv_heads;
    float *head = malloc((width + 1) * sizeof *head);
    for (int64_t token = 0; token < a->shape.tokens; token++) {
        const half *row = a->qkv + token * (heads + 2 * kv) * width;
        for (int64_t h = 0; h < heads + 2 * kv; h++) {
            for (int64_t i = 0; i < width; i++) head[i] = (float)row[h * width + i];
            half *target = a->query + (token * heads + h) * width;
            if (h < heads + kv) turn(head, a, token, h < heads ? a->query_norm : a->key_norm);
            if (h >= heads) {
                if (a->slots[token] < 0) continue;
                int isKey = h < heads + kv;
                target = row_of(isKey ? a->key_cache : a->value_cache, &a->shape, a->slots[token],
                                h - heads - (isKey ? 0 : kv));
            }
            for (int64_t i = 0; i < width; i++) target[i] = (half)head[i];
        }
    }
    free(head);
}

int kongur_kunlun_rotary_cache_write(kongur_kunlun_context *context, kongur_kunlun_attention_shape shape,
                                     const uint16_t *qkv, kongur_kunlun_ints positions, kongur_kunlun_ints slots,
                                     const float *inverse_frequencies, float scale, const float *query_norm,
                                     const float *key_norm, float epsilon, uint16_t *key_cache, uint16_t *value_cache,
                                     uint16_t *query) {
    int64_t cache = shape.blocks * shape.kv_heads * shape.block_size * shape.head_dim * 2;
    REQUIRE(standin_owns(qkv, shape.tokens * (shape.heads + 2 * shape.kv_heads) * shape.head_dim * 2) &&
            standin_owns(key_cache, cache) && standin_owns(value_cache, cache) && positions.count == shape.tokens &&
            slots.count == shape.tokens);
    know(context, key_cache);
    know(context, value_cache);
    struct rotary arguments = {shape, (const half *)qkv, positions.device, slots.device, inverse_frequencies,
                               query_norm, key_norm, scale, epsilon, (half *)key_cache, (half *)value_cache,
                               (half *)query};
    QUEUE(run_rotary, arguments);
}

struct attention {
    kongur_kunlun_attention_shape shape;
    const half *query;
    half *key_cache, *value_cache;
    const int32_t *starts, *lengths, *tables;
    int64_t sequences, columns;
    float scale;
    half *y;
};

static void attend(const struct attention *a, int64_t sequence, int64_t row, int64_t head, int64_t visible) {
    int64_t width = a->shape.head_dim, kv = head / (a->shape.heads / a->shape.kv_heads);
    const half *query = a->query + (row * a->shape.heads + head) * width;
    const int32_t *table = a->tables + sequence * a->columns;
    double *weights = malloc((visible + 1) * sizeof *weights), largest = -INFINITY, sum = 0;
    for (int64_t t = 0; t < visible; t++) {
        int64_t slot = table[t / a->shape.block_size] * a->shape.block_size + t % a->shape.block_size;
        const half *key = row_of(a->key_cache, &a->shape, slot, kv);
        double product = 0;
        for (int64_t i = 0; i < width; i++) product += (double)(float)query[i] * (double)(float)key[i];
        weights[t] = product * a->scale;
        largest = fmax(largest, weights[t]);
    }
    for (int64_t t = 0; t < visible; t++) sum += weights[t] = exp(weights[t] - largest);
    for (int64_t i = 0; i < width; i++) {
        double value = 0;
        for (int64_t t = 0; t < visible; t++) {
            int64_t slot = table[t / a->shape.block_size] * a->shape.block_size + t % a->shape.block_size;
            value += weights[t] / sum * (double)(float)row_of(a->value_cache, &a->shape, slot, kv)[i];
        }
        a->y[(row * a->shape.heads + head) * width + i] = to_half(value);
    }
    free(weights);
}

static void run_attention(const void *arguments) {
    const struct attention *a = arguments;
    for (int64_t s = 0; s < a->sequences; s++)
        for (int64_t row = a->starts[s]; row < a->starts[s + 1]; row++)
            for (int64_t head = 0; head < a->shape.heads; head++)
                attend(a, s, row, head, a->lengths[s] - a->starts[s + 1] + row + 1);
}

int kongur_kunlun_paged_attention(kongur_kunlun_context *context, kongur_kunlun_attention_shape shape,
                                  const uint16_t *query, const uint16_t *key_cache, const uint16_t *value_cache,
                                  kongur_kunlun_ints starts, kongur_kunlun_ints lengths, kongur_kunlun_ints tables,
                                  float scale, uint16_t *y) {
    int64_t bytes = shape.tokens * shape.heads * shape.head_dim * 2;
    REQUIRE(standin_owns(query, bytes) && standin_owns(y, bytes) && starts.count == lengths.count + 1);
    struct attention arguments = {shape, (const half *)query, (half *)key_cache, (half *)value_cache, starts.device,
                                  lengths.device, tables.device, lengths.count,
                                  lengths.count ? tables.count / lengths.count : 0, scale, (half *)y};
    QUEUE(run_attention, arguments);
}
#endif

struct elements {
    const half *x, *y;
    int64_t m, n;
    half *z;
    int gate_is_second;
};

static void run_swiglu(const void *arguments) {
    const struct elements *a = arguments;
    for (int64_t i = 0; i < a->m; i++)
        for (int64_t j = 0; j < a->n; j++) {
            double first = (float)a->x[i * 2 * a->n + j], second = (float)a->x[i * 2 * a->n + a->n + j];
            double gate = a->gate_is_second ? second : first, up = a->gate_is_second ? first : second;
            a->z[i * a->n + j] = to_half(gate / (1 + exp(-gate)) * up);
        }
}

int kongur_kunlun_swiglu(kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n, uint16_t *y) {
    REQUIRE(standin_owns(x, m * n * 4) && standin_owns(y, m * n * 2));
#ifdef STANDIN_REFUSES_SWIGLU
    return KONGUR_KUNLUN_UNSUPPORTED;
#endif
    struct elements arguments = {(const half *)x, NULL, m, n, (half *)y, context->gate_is_second};
    QUEUE(run_swiglu, arguments);
}

static void run_add(const void *arguments) {
    const struct elements *a = arguments;
    for (int64_t i = 0; i < a->n; i++) a->z[i] = (half)((float)a->x[i] + (float)a->y[i]);
}

int kongur_kunlun_add(kongur_kunlun_context *context, const uint16_t *x, const uint16_t *y, int64_t count,
                      uint16_t *z) {
    REQUIRE(standin_owns(x, count * 2) && standin_owns(y, count * 2) && standin_owns(z, count * 2));
    struct elements arguments = {(const half *)x, (const half *)y, 1, count, (half *)z};
    QUEUE(run_add, arguments);
}

struct copies {
    const char *source;
    char *target;
    int64_t source_stride, target_stride, rows, size;
};

static void run_copies(const void *arguments) {
    const struct copies *a = arguments;
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t j = 0; j < a->size; j++)
            a->target[i * a->target_stride + j] = a->source[i * a->source_stride + j];
}

int kongur_kunlun_copy_rows(kongur_kunlun_context *context, const void *source, int64_t source_stride, void *target,
                            int64_t target_stride, int64_t rows, int64_t size) {
    struct copies arguments = {source, target, source_stride, target_stride, rows, size};
    QUEUE(run_copies, arguments);
}
