#define _GNU_SOURCE
#include "ck_kernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#endif

#if defined(__x86_64__)
#include <cpuid.h>

// The register sets that the operating system saves on a context switch.
static uint64_t saved_register_sets(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

// Whether the process may use tiles, whose 8 KiB of registers Linux saves only for those that ask.
static bool may_use_tiles(void) {
#if defined(__linux__)
    const long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

static ck_level_t find_best_level(void) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return CK_LEVEL_PORTABLE;
    const uint32_t needed = bit_FMA | bit_OSXSAVE | bit_AVX | bit_F16C;
    if ((c & needed) != needed) return CK_LEVEL_PORTABLE;
    const uint64_t saved = saved_register_sets();
    if ((saved & 0x6) != 0x6) return CK_LEVEL_PORTABLE;  // xmm, ymm
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2)) return CK_LEVEL_PORTABLE;
    const uint32_t wide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((b & wide) != wide || (saved & 0xE6) != 0xE6) return CK_LEVEL_AVX2;  // masks, upper zmm, high zmm
    if (!(c & bit_AVX512VNNI)) return CK_LEVEL_AVX512;
    const uint32_t tiles = bit_AMXBF16 | bit_AMXTILE | bit_AMXINT8;
    const bool has_tiles = (d & tiles) == tiles && (saved & 0x60000) == 0x60000;  // their configuration and data
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & bit_AVX512BF16)) return CK_LEVEL_VNNI;
    return has_tiles && may_use_tiles() ? CK_LEVEL_AMX : CK_LEVEL_BF16;
}
#else
static ck_level_t find_best_level(void) { return CK_LEVEL_PORTABLE; }
#endif

ck_level_t ck_best_level(void) {
    // -1 until the first use. Racing first uses find the same answer.
    static _Atomic int best = -1;
    int level = atomic_load_explicit(&best, memory_order_relaxed);
    if (level < 0) {
        level = (int)find_best_level();
        atomic_store_explicit(&best, level, memory_order_relaxed);
    }
    return (ck_level_t)level;
}

static const char *const names[] = {"portable", "avx2", "avx512", "vnni", "bf16", "amx"};

const char *ck_level_name(ck_level_t level) { return names[level]; }

static ck_level_t at_most_best(ck_level_t level) {
    const ck_level_t best = ck_best_level();
    return level < best ? level : best;
}

// -1 until the first use, as above.
static _Atomic int of_process = -1;
// -1 where ck_set_level was never called.
static _Thread_local int of_thread = -1;

ck_level_t ck_set_level(ck_level_t level) { return of_thread = at_most_best(level); }

ck_level_t ck_level(void) {
    if (of_thread >= 0) return (ck_level_t)of_thread;
    const int level = atomic_load_explicit(&of_process, memory_order_relaxed);
    if (level >= 0) return (ck_level_t)level;
    ck_level_t wanted = CK_LEVEL_AMX;
    const char *name = getenv("KONGUR_CPU_LEVEL");
    for (int i = 0; name && i <= CK_LEVEL_AMX; i++) {
        if (strcmp(name, names[i]) == 0) wanted = (ck_level_t)i;
    }
    wanted = at_most_best(wanted);
    atomic_store_explicit(&of_process, (int)wanted, memory_order_relaxed);
    return wanted;
}

int ck_available_processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}
