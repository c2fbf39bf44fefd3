// The contracts of the CPU kernels.
//
// Every kernel runs on the calling thread and touches only what it is given; callers split work over threads by ranges
// of rows. Unless a contract says otherwise:
// - matrices are row-major; a stride is the number of elements from one row to the next;
// - activations are float32 and sums are float32;
// - pointers need the alignment of their element only, and results must not overlap operands;
// - nothing is read or written outside the extents, so any size is correct, and a size of 0 does nothing;
// - a row's result depends on that row alone: it is bit for bit the same whichever rows stand beside it and however
//   ranges are split. Different levels (ck_level) may differ in the last bits.

#ifndef CK_KERNELS_H
#define CK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- What the processor has: cpu_features.c ----

// Instruction sets that the kernels are compiled for, each including the ones before it.
typedef enum {
    CK_LEVEL_PORTABLE = 0,  // 4 lanes: SSE2 on x86-64, NEON on ARM
    CK_LEVEL_AVX2 = 1,      // 8 lanes, with FMA and F16C
    CK_LEVEL_AVX512 = 2,    // 16 lanes: F, BW, DQ, VL
    CK_LEVEL_VNNI = 3,      // with dot products of bytes
    CK_LEVEL_BF16 = 4,      // with dot products of bfloat16
    CK_LEVEL_AMX = 5,       // with products of tiles, of bytes and of bfloat16
} ck_level_t;

// The highest level that the processor has and the operating system saves registers for. The first call asks it for the
// tiles of the process.
ck_level_t ck_best_level(void);

// The level that the calling thread uses: the best one, unless the environment's KONGUR_CPU_LEVEL (portable, avx2,
// avx512, vnni, bf16, amx; read once) or ck_set_level asks for a lower one.
ck_level_t ck_level(void);

// Uses a lower level on the calling thread from now on; one above ck_best_level() becomes that. Returns the level in use.
ck_level_t ck_set_level(ck_level_t level);

// "portable", "avx2", "avx512", "vnni", "bf16" or "amx".
const char *ck_level_name(ck_level_t level);

// Processors that this thread may run on, by its affinity; at least 1.
int ck_available_processors(void);

// ---- Element types ----

// How weights and caches are stored.
typedef enum {
    CK_F32 = 0,
    CK_F16 = 1,
    CK_BF16 = 2,
    CK_I8 = 3,  // whole numbers; scales stand where each contract says
} ck_type_t;

// ---- linear.c ----

// y[t][n] = sum over i of x[t][i] * weight[n][i], plus bias[n], for t in 0..<tokens and n in first..<last.
//
// weight is [out][k] as a checkpoint has it and is read in place; bias (may be null) is [out]. Rows of y are y_stride
// apart and y[t][n] is written for n in the range alone. Each sum runs over i in one fixed order.
void ck_linear(const float *x, int64_t x_stride, int64_t tokens, int64_t k, const void *weight, ck_type_t weight_type,
               const void *bias, ck_type_t bias_type, int64_t first, int64_t last, float *y, int64_t y_stride);

// ---- packed_linear.c ----

// Weights in panels of CK_PANEL output features, made for matrix products; one layout serves one row and many.
//
// A panel of int8 or int4 holds for each group of inputs CK_PANEL scales in float16, and then the group's weights in
// steps of 4 inputs: byte 4 r + j of a step is the weight of feature r and input j, plus 128. In int4, plus 8, two
// steps share their bytes: the first has the low halves. A panel of bf16 holds steps of 2 inputs alike, and no scales.
// Features and inputs that a matrix does not have are zero.
enum { CK_PANEL = 32 };

typedef enum { CK_PACKED_INT8 = 0, CK_PACKED_INT4 = 1, CK_PACKED_BF16 = 2 } ck_packing_t;

typedef struct {
    const void *panels;  // (n + CK_PANEL - 1) / CK_PANEL of them
    ck_packing_t packing;
    int64_t n;
    int64_t k;
    int64_t group;  // a multiple of 8; bf16 has none
} ck_packed_t;

int64_t ck_packed_panel_size(const ck_packed_t *weight);

// Rows are packed in tiles of this many, the last with those that are left: the best for `tokens` rows and such weights.
int64_t ck_packed_tile(const ck_packed_t *weight, int64_t tokens);

// Bytes that a packed row takes.
int64_t ck_packed_row_size(const ck_packed_t *weight);

// Packs rows first..<last of `tokens` for products with such weights; `first` is the first of a tile, and so is `last`
// unless it is `tokens`. packed has room for all rows.
//
// For int8 and int4 a row's numbers are quantised group by group: scale = largest magnitude / 127, to nearest, ties to
// even. For bf16 they are rounded to it where the processor multiplies it, and else kept.
void ck_pack_rows(const float *x, int64_t x_stride, int64_t tokens, const ck_packed_t *weight, int64_t first,
                  int64_t last, void *packed);

// y[t][n] = the product of packed row t and feature n, plus bias[n], for all rows and the features of panels
// first..<last; bias may be null. Groups are added up in order, each the product of its exact sum and its scales.
void ck_packed_linear(const ck_packed_t *weight, const void *packed, int64_t tokens, const void *bias,
                      ck_type_t bias_type, int64_t first, int64_t last, float *y, int64_t y_stride);

// y = silu(gate) * up of products without bias, where the panels hold CK_PANEL / 2 features of gate and then those of up.
// weight.n counts both; y has half of them.
void ck_packed_swiglu(const ck_packed_t *weight, const void *packed, int64_t tokens, int64_t first, int64_t last,
                      float *y, int64_t y_stride);

// y[t] = float32 of feature indices[t]'s weights, [count][k]. Indices must be below n.
void ck_packed_gather(const ck_packed_t *weight, const int32_t *indices, int64_t count, float *y);

// ---- limits.c: what the processor can do, for benchmarks ----

// Reads `size` bytes (a multiple of 1024) as fast as it can; the result keeps the compiler from leaving it out.
uint64_t ck_read(const void *bytes, int64_t size);

typedef enum { CK_PEAK_INT8 = 0, CK_PEAK_BF16 = 1, CK_PEAK_F32 = 2 } ck_peak_t;

// Multiplies and adds on registers alone, in the way in which the kernels do; returns how many operations that were (a
// multiply and an add are two), about 2^20 for each round.
int64_t ck_peak(ck_peak_t kind, int64_t rounds);

// ---- rms_norm.c ----

// y = x / sqrt(mean(x^2) + epsilon) * weight for each of `rows` rows of `width`; y may be x.
void ck_rms_norm(const float *x, int64_t x_stride, int64_t rows, int64_t width, const void *weight,
                 ck_type_t weight_type, float epsilon, float *y, int64_t y_stride);

// sum = x + residual and y = rms_norm(sum), contiguous rows; sum may be x or residual.
void ck_add_rms_norm(const float *x, const float *residual, int64_t rows, int64_t width, const void *weight,
                     ck_type_t weight_type, float epsilon, float *sum, float *y);

// ---- rotary.c ----

// cosine[t][i] = scale * cos(positions[t] * inverse_frequencies[i]) and the same for sine, [tokens][half]; the angle is
// the float32 product.
void ck_rotary_table(const int32_t *positions, int64_t tokens, const float *inverse_frequencies, int64_t half,
                     float scale, float *cosine, float *sine);

// Turns `heads` heads of 2 * half in each row, half-split: (a, b) becomes (a cos - b sin, b cos + a sin); y may be x.
void ck_rotary(const float *x, int64_t x_stride, int64_t tokens, int64_t heads, int64_t half, const float *cosine,
               const float *sine, float *y, int64_t y_stride);

// ---- cache_write.c ----

// A paged key or value cache: [blocks][kv_heads][block_size][head_dim].
// Slot s is row s % block_size of block s / block_size. A negative slot is skipped.
//
// In i8 a row has a scale: its largest magnitude / 127, in float32. The block_size scales of a head follow the rows of
// the head in each block: [blocks][kv_heads]{[block_size][head_dim] i8, [block_size] f32}.
typedef struct {
    void *elements;
    ck_type_t type;
    int64_t kv_heads;
    int64_t block_size;
    int64_t head_dim;
} ck_cache_t;

// Writes row t of x, [tokens][kv_heads * head_dim], to slot slots[t]; rounds to nearest, ties to even (in i8 the product
// with 127 / largest magnitude; a row whose magnitudes are all below 2^-120 is 0).
// Slots must lie in the cache and differ from each other.
void ck_cache_write(const float *x, int64_t x_stride, const int32_t *slots, int64_t tokens, const ck_cache_t *cache);

// What rotary_cache_write works on; `tokens` rows [heads queries | kv_heads keys | kv_heads values].
typedef struct {
    const float *qkv;
    int64_t qkv_stride;
    int64_t heads;
    const int32_t *slots;
    const float *cosine;  // as ck_rotary_table makes them, [tokens][head_dim / 2]
    const float *sine;
    ck_cache_t keys;
    ck_cache_t values;        // same shape and type as keys
    const void *query_norm;   // [head_dim], or null for no norm; then key_norm is null too
    const void *key_norm;
    ck_type_t norm_type;
    float epsilon;
    float *query;  // [tokens][heads * head_dim]
    int64_t query_stride;
} ck_rotary_cache_write_t;

// For rows first..<last: query = rotary(norm(queries)); the key cache gets rotary(norm(keys)), the value cache values.
void ck_rotary_cache_write(const ck_rotary_cache_write_t *step, int64_t first, int64_t last);

// ---- paged_attention.c ----
//
// Keys and values in i8 are multiplied as they are where there are dot products of bytes and head_dim is a multiple of 64
// up to 512: queries, and the weights of values in each partition, are then rounded to whole numbers, relative to their
// largest magnitude to 1 / 32639 and 1 / 65535.

// Keys are taken in partitions of this many, counted from the start of the sequence; see ck_attention_partition.
enum { CK_ATTENTION_PARTITION = 256 };

// What attention works on, the same for all its rows.
typedef struct {
    const float *query;  // [tokens][heads * head_dim]
    int64_t query_stride;
    int64_t heads;  // a multiple of keys.kv_heads
    float scale;
    ck_cache_t keys;
    ck_cache_t values;  // same shape and type as keys
    float *output;      // [tokens][heads * head_dim]
    int64_t output_stride;
} ck_attention_t;

// Rows of one sequence and one key/value head: row `row` of query stands at `position`, the next at position + 1, ...
// Each sees the keys at positions up to its own, in the blocks that `table` names; no other slot is read.
typedef struct {
    int64_t row;
    int64_t rows;
    int64_t position;
    const int32_t *table;
    int64_t kv_head;
} ck_attention_rows_t;

// Rows that make good use of one call, for a group of heads / kv_heads query heads.
int64_t ck_attention_tile(int64_t group);

// Floats that one partial result of `rows` rows takes.
int64_t ck_attention_partial_count(const ck_attention_t *attention, int64_t rows);

// Floats of scratch that a call needs beside its partial results, for ck_attention_tile rows at most.
int64_t ck_attention_scratch_count(const ck_attention_t *attention);

// Attention over the keys of one partition alone, those at partition * CK_ATTENTION_PARTITION and after: for each row and
// head the largest score, the sum of exponentials and the weighted sum of values. Rows that see none are left alone.
void ck_attention_partition(const ck_attention_t *attention, const ck_attention_rows_t *rows, int64_t partition,
                            float *partial, float *scratch);

// Puts partial results together, in the order of the partitions, and writes the output rows.
// partials holds one partial result after the other for partitions 0 up to the one of the last row's position.
void ck_attention_merge(const ck_attention_t *attention, const ck_attention_rows_t *rows, float *partials);

// All partitions and the merge, with the same bits; scratch holds two partial results and the scratch of a call.
void ck_attention(const ck_attention_t *attention, const ck_attention_rows_t *rows, float *scratch);

// ---- elementwise.c: y may be an operand, z too ----

// y = silu(gate) * up for each of `rows` rows of `width`, where silu(x) = x / (1 + e^-x).
void ck_swiglu(const float *gate, int64_t gate_stride, const float *up, int64_t up_stride, int64_t rows,
               int64_t width, float *y, int64_t y_stride);

void ck_silu(const float *x, int64_t count, float *y);
void ck_exp(const float *x, int64_t count, float *y);
void ck_add(const float *x, const float *y, int64_t count, float *z);
void ck_subtract(const float *x, const float *y, int64_t count, float *z);
void ck_multiply(const float *x, const float *y, int64_t count, float *z);
void ck_divide(const float *x, const float *y, int64_t count, float *z);

// ---- softmax.c ----

// y = e^(x - max) / sum for each of `rows` contiguous rows of `width`; y may be x.
void ck_softmax(const float *x, int64_t rows, int64_t width, float *y);

// ---- gather_rows.c ----

// y[t] = float32 of row indices[t] of table, [.][width]; the look-up of embeddings, and the choice of rows.
// Indices must lie in the table.
void ck_gather_rows(const int32_t *indices, int64_t count, const void *table, ck_type_t type, int64_t width, float *y);

// Converts count elements to float32.
void ck_to_float(const void *x, ck_type_t type, int64_t count, float *y);

// Converts count float32 to `type`, to nearest, ties to even.
void ck_from_float(const float *x, int64_t count, ck_type_t type, void *y);

// ---- thread_team.c ----

// Threads that run one function together, again and again. The thread that calls ck_team_run is thread 0.
typedef struct ck_team ck_team_t;

// A team of `threads` (at least 1), or null when the threads cannot be made.
ck_team_t *ck_team_create(int threads);

// Ends the threads; no run may be under way.
void ck_team_destroy(ck_team_t *team);

int ck_team_size(const ck_team_t *team);

// Calls body(context, thread) once on every thread and returns when all have. One run at a time.
void ck_team_run(ck_team_t *team, void (*body)(void *context, int thread), void *context);

// Within a run: waits until every thread is here, and starts the count of ck_team_next again at 0.
void ck_team_barrier(ck_team_t *team);

// Within a run: the next number that no thread has taken since the last barrier, from 0.
int64_t ck_team_next(ck_team_t *team);

#ifdef __cplusplus
}
#endif

#endif
