// For `make check` alone: the calls of libxpurt that the shim makes, in host memory. Not the vendor's header.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>

typedef void *XPUStream;
enum XPUMemcpyKind { XPU_DEVICE_TO_HOST = 0, XPU_HOST_TO_DEVICE = 1, XPU_DEVICE_TO_DEVICE = 2 };
enum XPUMemoryKind { XPU_MEM_MAIN = 0 };

// Allocations that were not given back, and how many allocations to refuse.
inline int xpu_held = 0;
inline int xpu_refusals = 0;

inline int xpu_malloc(void **pointer, uint64_t size, XPUMemoryKind) {
    if (xpu_refusals > 0) {
        xpu_refusals--;
        return -705;
    }
    *pointer = std::malloc(size);
    xpu_held++;
    return 0;
}
inline int xpu_free(void *pointer) {
    std::free(pointer);
    xpu_held--;
    return 0;
}
inline int xpu_memcpy(void *target, const void *source, uint64_t size, XPUMemcpyKind) {
    std::memcpy(target, source, size);
    return 0;
}
inline int xpu_wait(XPUStream) { return 0; }
