#include <xpu/runtime.h>

#include <cstdlib>
#include <cstring>
#include <map>

namespace {

std::map<const char *, size_t> blocks;
int held = 0;
int refusals = 0;

}  // namespace

void *standin_lend(size_t size) {
    char *block = static_cast<char *>(std::malloc(size + 1));
    // What was not written shows: these are no numbers in f32 and f16.
    std::memset(block, 0xFF, size);
    blocks[block] = size;
    return block;
}

void standin_take_back(void *pointer) {
    if (blocks.erase(static_cast<char *>(pointer)) == 0) std::abort();
    std::free(pointer);
}

int standin_owns(const void *pointer, size_t size) {
    const char *start = static_cast<const char *>(pointer);
    auto block = blocks.upper_bound(start);
    if (block == blocks.begin()) return 0;
    --block;
    return start + size <= block->first + block->second;
}

int standin_held(void) { return held; }
void standin_refuse(int count) { refusals = count; }

int xpu_malloc(void **pointer, uint64_t size, XPUMemoryKind) {
    if (refusals > 0) {
        refusals--;
        return -705;
    }
    *pointer = standin_lend(size);
    held++;
    return 0;
}

int xpu_free(void *pointer) {
    standin_take_back(pointer);
    held--;
    return 0;
}

int xpu_memcpy(void *target, const void *source, uint64_t size, XPUMemcpyKind) {
    std::memcpy(target, source, size);
    return 0;
}

int xpu_wait(XPUStream) { return 0; }
