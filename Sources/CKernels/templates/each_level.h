// Includes CK_KERNEL, a template over the width of vectors, once for every level. No include guard: each kernel's file
// includes this once, having defined CK_KERNEL.
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
#define CK_DISPATCH(name, ...)                                     \
    switch (ck_level()) {                                          \
        case CK_LEVEL_AVX512: return name##_avx512(__VA_ARGS__);   \
        case CK_LEVEL_AVX2: return name##_avx2(__VA_ARGS__);       \
        case CK_LEVEL_PORTABLE: return name##_portable(__VA_ARGS__); \
    }
#else
#define CK_DISPATCH(name, ...) name##_portable(__VA_ARGS__)
#endif
#endif

#if defined(__x86_64__)

#define CK_LEVEL avx512
#define CK_WIDTH 16
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 32
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#include "vector.h"
#include CK_KERNEL
#pragma clang attribute pop
#undef CK_LEVEL
#undef CK_WIDTH
#undef CK_FMA
#undef CK_HALF
#undef CK_REGISTERS

#define CK_LEVEL avx2
#define CK_WIDTH 8
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 16
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "vector.h"
#include CK_KERNEL
#pragma clang attribute pop
#undef CK_LEVEL
#undef CK_WIDTH
#undef CK_FMA
#undef CK_HALF
#undef CK_REGISTERS

#define CK_LEVEL portable
#define CK_WIDTH 4
#define CK_FMA 0
#define CK_HALF 0
#define CK_REGISTERS 16
#include "vector.h"
#include CK_KERNEL

#else

#define CK_LEVEL portable
#define CK_WIDTH 4
#if defined(__aarch64__)
#define CK_FMA 1
#define CK_HALF 1
#define CK_REGISTERS 32
#else
#define CK_FMA 0
#define CK_HALF 0
#define CK_REGISTERS 16
#endif
#include "vector.h"
#include CK_KERNEL

#endif
