// What Kongur asks of an operator library for Kunlun: a small C interface that `Plugins/kunlun` implements with XDNN, and
// that anybody may implement otherwise.
//
// Kongur looks the functions up by name in the library; one that is missing, or that answers KONGUR_KUNLUN_UNSUPPORTED,
// runs on the CPU instead, which is counted and reported, or refused with --no-fallback. `kongur doctor` compares each
// with the reference.
//
// Conventions. Matrices are row-major and contiguous. f16 is IEEE binary16, `uint16_t` here. Pointers are to device memory
// but for those of kongur_kunlun_ints.host. All calls for one context come from one thread, on which the context's device
// is current. A call may return before the work is done: what follows on the context's stream sees its results.
// Work areas are the library's own. Results never overlap operands, but for the two caches.
#ifndef KONGUR_KUNLUN_OPS_H
#define KONGUR_KUNLUN_OPS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Raised when a signature or a meaning changes.
#define KONGUR_KUNLUN_ABI 2u

// What a call answers; every other number is an error of the runtime, negated or not: 705 where work areas lack memory.
#define KONGUR_KUNLUN_OK 0
// These shapes or values are not supported: nothing was changed, and Kongur runs the operation elsewhere.
#define KONGUR_KUNLUN_UNSUPPORTED 1
// The library refused what was asked for as wrong.
#define KONGUR_KUNLUN_INVALID 2

typedef struct kongur_kunlun_context kongur_kunlun_context;

// Whole numbers that both the host and the device need, with the same contents in both places.
// The host's copy is valid until the call returns, the device's until the next step begins.
typedef struct {
    const int32_t *host;
    const int32_t *device;
    int64_t count;
} kongur_kunlun_ints;

// The interface that the library implements: KONGUR_KUNLUN_ABI.
typedef uint32_t (*kongur_kunlun_abi_version_f)(void);
// One line for people: what was built against what. Valid as long as the library is loaded.
typedef const char *(*kongur_kunlun_description_f)(void);
// Makes a context on the calling thread's current device, whose work goes to `stream` (NULL: the default stream).
typedef int (*kongur_kunlun_open_f)(void *stream, kongur_kunlun_context **context);
typedef void (*kongur_kunlun_close_f)(kongur_kunlun_context *context);

// A question about the vendor's calls that public sources leave open. The name is that of a function below, a dot and the
// question, such as "swiglu.gate". `kongur doctor` runs the function by each choice and says which agree with the reference;
// KONGUR_KUNLUN_READINGS=swiglu.gate=second chooses. Texts are valid as long as the library is loaded.
typedef struct {
    const char *name;
    const char *const *choices;
    int32_t count;
    // The position of the choice in use: at first the one that others ran on a card.
    int32_t chosen;
} kongur_kunlun_reading;

// Gives reading number `index`, from 0; KONGUR_KUNLUN_INVALID past the last. A library may lack this and the next.
typedef int (*kongur_kunlun_reading_at_f)(kongur_kunlun_context *context, int32_t index, kongur_kunlun_reading *reading);
// Takes a choice from now on; KONGUR_KUNLUN_INVALID for a name or a choice that does not exist.
typedef int (*kongur_kunlun_choose_f)(kongur_kunlun_context *context, const char *name, const char *choice);
// Says that memory which held a cache is about to be given back: what the library keeps about it goes. May be missing.
typedef void (*kongur_kunlun_forget_f)(kongur_kunlun_context *context, const void *cache);

// y[i] = table[ids[i]]; ids are in range. table f16 [vocabulary, width], y f16 [ids.count, width].
typedef int (*kongur_kunlun_embedding_f)(
    kongur_kunlun_context *context, kongur_kunlun_ints ids, const uint16_t *table, int64_t vocabulary, int64_t width,
    uint16_t *y);

// y = x weight^T + bias, summed in f32 or better. x f16 [m, k], weight f16 [n, k], bias f32 [n] or NULL;
// y f32 [m, n] where wide is not 0, else f16 [m, n]. A wide result may have been rounded to f16 on its way.
typedef int (*kongur_kunlun_linear_f)(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *weight, const float *bias, int64_t m, int64_t n,
    int64_t k, int wide, void *y);

// The same with weights in int8: each row of x is quantised by its largest magnitude (scale = largest / 127, to nearest,
// ties to even), products are summed exactly, rounded to f32 at most, and multiplied by the row's scale and the feature's.
// weight int8 [n, k], scales f32 [n].
typedef int (*kongur_kunlun_linear_int8_f)(
    kongur_kunlun_context *context, const uint16_t *x, const int8_t *weight, const float *scales, const float *bias,
    int64_t m, int64_t n, int64_t k, int wide, void *y);

// y = x / sqrt(mean(x^2) + epsilon) * weight for each row. x, y f16 [m, n], weight f32 [n].
typedef int (*kongur_kunlun_rms_norm_f)(
    kongur_kunlun_context *context, const uint16_t *x, const float *weight, int64_t m, int64_t n, float epsilon,
    uint16_t *y);

// sum = x + residual; y = rms_norm(sum).
typedef int (*kongur_kunlun_add_rms_norm_f)(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *residual, const float *weight, int64_t m,
    int64_t n, float epsilon, uint16_t *sum, uint16_t *y);

// Shapes of attention. A cache is f16 [blocks, kv_heads, block_size, head_dim]; slot s is offset s % block_size of block
// s / block_size.
typedef struct {
    int64_t tokens;
    int64_t heads;
    int64_t kv_heads;
    int64_t head_dim;
    int64_t blocks;
    int64_t block_size;
} kongur_kunlun_attention_shape;

// Takes rows [query | key | value] apart, qkv f16 [tokens, (heads + 2 kv_heads) head_dim]: normalises each head of query
// and key by rms_norm where norms (f32 [head_dim]) are not NULL, turns them by their position in the half-split form (angle
// = position * inverse_frequencies[i], i < head_dim / 2; cosine and sine times `scale`), gives the query f16 [tokens, heads
// head_dim], and writes key and value into the caches at `slots`, but for negative ones.
typedef int (*kongur_kunlun_rotary_cache_write_f)(
    kongur_kunlun_context *context, kongur_kunlun_attention_shape shape, const uint16_t *qkv,
    kongur_kunlun_ints positions, kongur_kunlun_ints slots, const float *inverse_frequencies, float scale,
    const float *query_norm, const float *key_norm, float epsilon, uint16_t *key_cache, uint16_t *value_cache,
    uint16_t *query);

// Causal attention over the paged cache, softmax(query key^T * scale) value. Sequence s owns rows starts[s] ..<
// starts[s + 1] of query, which are the last of its lengths[s] tokens; its tokens stand in the blocks of row s of tables,
// [sequences, tables.count / sequences]. query, y f16 [tokens, heads head_dim].
typedef int (*kongur_kunlun_paged_attention_f)(
    kongur_kunlun_context *context, kongur_kunlun_attention_shape shape, const uint16_t *query,
    const uint16_t *key_cache, const uint16_t *value_cache, kongur_kunlun_ints starts, kongur_kunlun_ints lengths,
    kongur_kunlun_ints tables, float scale, uint16_t *y);

// y = silu(gate) * up of rows [gate | up]: x f16 [m, 2 n], y f16 [m, n].
typedef int (*kongur_kunlun_swiglu_f)(
    kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n, uint16_t *y);

// y[i] = x[rows[i]]; rows are in range. x f16 [m, n], y f16 [rows.count, n].
typedef int (*kongur_kunlun_gather_f)(
    kongur_kunlun_context *context, const uint16_t *x, int64_t m, int64_t n, kongur_kunlun_ints rows, uint16_t *y);

// Copies `rows` runs of `size` bytes that stand `source_stride` and `target_stride` bytes apart.
typedef int (*kongur_kunlun_copy_rows_f)(
    kongur_kunlun_context *context, const void *source, int64_t source_stride, void *target, int64_t target_stride,
    int64_t rows, int64_t size);

// z = x + y, f16 [count].
typedef int (*kongur_kunlun_add_f)(
    kongur_kunlun_context *context, const uint16_t *x, const uint16_t *y, int64_t count, uint16_t *z);

#ifdef __cplusplus
}
#endif

#endif
