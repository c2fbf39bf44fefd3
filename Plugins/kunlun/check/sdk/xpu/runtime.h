// A stand-in for the calls of libxpurt that the shim makes, in host memory. Not the vendor's header: names, parameters and
// numbers are those of XRE 4.33's runtime.h and defs.h, as public callers use them.
#pragma once

#include <cstddef>
#include <cstdint>

typedef void *XPUStream;
enum XPUMemcpyKind { XPU_DEVICE_TO_HOST = 0, XPU_HOST_TO_DEVICE = 1, XPU_DEVICE_TO_DEVICE = 2 };
enum XPUMemoryKind { XPU_MEM_MAIN = 0 };

extern "C" {
int xpu_malloc(void **pointer, uint64_t size, XPUMemoryKind kind);
int xpu_free(void *pointer);
int xpu_memcpy(void *target, const void *source, uint64_t size, XPUMemcpyKind kind);
int xpu_wait(XPUStream stream);

// For the check. Allocations that were not given back; how many to refuse from now on; whether so many bytes are memory that
// was allocated here, or lent by standin_lend.
int standin_held(void);
void standin_refuse(int count);
int standin_owns(const void *pointer, size_t size);
void *standin_lend(size_t size);
void standin_take_back(void *pointer);
}
