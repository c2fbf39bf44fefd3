// Includes CK_KERNEL, a template over the width of vectors, once for every level. No include guard: each kernel's file
// includes this once, having defined CK_KERNEL. One that also defines CK_DOTS has versions of its own for the levels with
// dot products, which CK_VNNI and CK_BFLOAT tell apart; others use there what they have for AVX-512. One that defines
// CK_AMX_KERNEL too, a file beside CK_KERNEL, has in it what the level with tiles does; others use there what they have for bf16.
//
// A template writes L(name) for every name it defines. CK_WIDTH is the number of float32 lanes, CK_FMA whether multiply
// and add are one instruction, CK_HALF whether half precision converts in one, CK_REGISTERS how many vectors there are.

#include <math.h>
#include <string.h>

#include "ck_kernels.h"

#ifndef CK_LEVELS
#define CK_LEVELS
#define CK_CONCATENATE_(a, b) a##_##b
#define CK_CONCATENATE(a, b) CK_CONCATENATE_(a, b)
#define L(name) CK_CONCATENATE(name, CK_LEVEL)

// Calls the version of a kernel for the level in use.
#if defined(__x86_64__)
#ifdef CK_DOTS
#define CK_VERSION_VNNI(name) name##_vnni
#define CK_VERSION_BF16(name) name##_bf16
#else
#define CK_VERSION_VNNI(name) name##_avx512
#define CK_VERSION_BF16(name) name##_avx512
#endif
#ifdef CK_AMX_KERNEL
#define CK_VERSION_AMX(name) name##_amx
#else
#define CK_VERSION_AMX(name) CK_VERSION_BF16(name)
#endif
#define CK_DISPATCH(name, ...)                                     \
    switch (ck_level()) {                                          \
        case CK_LEVEL_AMX: return CK_VERSION_AMX(name)(__VA_ARGS__);   \
        case CK_LEVEL_BF16: return CK_VERSION_BF16(name)(__VA_ARGS__); \
        case CK_LEVEL_VNNI: return CK_VERSION_VNNI(name)(__VA_ARGS__); \
        case CK_LEVEL_AVX512: return name##_avx512(__VA_ARGS__);   \
        case CK_LEVEL_AVX2: return name##_avx2(__VA_ARGS__);       \
        case CK_LEVEL_PORTABLE: return name##_portable(__VA_ARGS__); \
    }
#else
#define CK_DISPATCH(name, ...) name##_portable(__VA_ARGS__)
#endif
#endif

#if defined(__x86_64__)

#define CK_AVX2 "avx2,fma,f16c"
#define CK_AVX512 CK_AVX2 ",avx512f,avx512bw,avx512dq,avx512vl"

#ifdef CK_DOTS
#define CK_LEVEL bf16
#define CK_WIDTH 16
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 32
#define CK_VNNI 1
#define CK_BFLOAT 1
#define CK_TARGET CK_AVX512 ",avx512vnni,avx512bf16"
#include "one_level.h"

#define CK_LEVEL vnni
#define CK_WIDTH 16
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 32
#define CK_VNNI 1
#define CK_BFLOAT 0
#define CK_TARGET CK_AVX512 ",avx512vnni"
#include "one_level.h"
#endif

#define CK_LEVEL avx512
#define CK_WIDTH 16
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 32
#define CK_VNNI 0
#define CK_BFLOAT 0
#define CK_TARGET CK_AVX512
#include "one_level.h"

#define CK_LEVEL avx2
#define CK_WIDTH 8
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 16
#define CK_VNNI 0
#define CK_BFLOAT 0
#define CK_TARGET CK_AVX2
#include "one_level.h"

#define CK_LEVEL portable
#define CK_WIDTH 4
#define CK_FMA 0
#define CK_HALF 0
#define CK_REGISTERS 16
#define CK_VNNI 0
#define CK_BFLOAT 0
#include "one_level.h"

#ifdef CK_AMX_KERNEL
#undef CK_KERNEL
#define CK_KERNEL CK_AMX_KERNEL
#define CK_LEVEL amx
#define CK_WIDTH 16
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 32
#define CK_VNNI 1
#define CK_BFLOAT 1
#define CK_TARGET CK_AVX512 ",avx512vnni,avx512bf16,amx-tile,amx-int8,amx-bf16"
#include "one_level.h"
#endif

#elif defined(__aarch64__)

#define CK_LEVEL portable
#define CK_WIDTH 4
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 32
#define CK_VNNI 0
#define CK_BFLOAT 0
#include "one_level.h"

#else

#define CK_LEVEL portable
#define CK_WIDTH 4
#define CK_FMA 0
#define CK_HALF 0
#define CK_REGISTERS 16
#define CK_VNNI 0
#define CK_BFLOAT 0
#include "one_level.h"

#endif
