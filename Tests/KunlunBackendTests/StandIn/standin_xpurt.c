// A stand-in for libxpurt in host memory, for tests.
//
// It keeps the rules that bite: the current device belongs to the thread, memory belongs to a device, kernels run when the
// stream is waited for, only copies to the host wait by themselves, errors are negated, and after some of them nothing
// else works on that device. The environment variables STANDIN_FAIL_AT and STANDIN_FAIL_CODE do what standin_fail does.
#include "standin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES 2

struct block {
    char *start;
    size_t size;
    int device;
    struct block *next;
};

struct work {
    void (*run)(const void *);
    struct work *next;
    char arguments[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *blocks;
static struct work *first[DEVICES], **last[DEVICES] = {&first[0], &first[1]};
static int64_t caches, calls, fail_at, limit = (int64_t)1 << 36, allocations, allocated;
static int fail_code, sticky[DEVICES];
static _Thread_local int device;

__attribute__((constructor)) static void start(void) {
    const char *at = getenv("STANDIN_FAIL_AT"), *code = getenv("STANDIN_FAIL_CODE"), *bytes = getenv("STANDIN_MEMORY");
    if (at && code) standin_fail(atoll(at), atoi(code));
    if (bytes) limit = atoll(bytes);
}

int standin_enter(void) {
    pthread_mutex_lock(&lock);
    calls++;
    int due = fail_at && --fail_at == 0;
    int code = due ? fail_code : sticky[device] ? 713 : 0;
    if (due && (code == 713 || code == 714 || code == 715 || code == 808)) sticky[device] = 1;
    pthread_mutex_unlock(&lock);
    while (code == STANDIN_HANG) sleep(1000);
    return -code;
}

void standin_fail(int64_t at, int code) {
    pthread_mutex_lock(&lock);
    fail_at = at;
    fail_code = code;
    pthread_mutex_unlock(&lock);
}

void standin_reset(void) {
    pthread_mutex_lock(&lock);
    fail_at = 0;
    memset(sticky, 0, sizeof sticky);
    calls = 0;
    limit = (int64_t)1 << 36;
    pthread_mutex_unlock(&lock);
}

int64_t standin_calls(void) { return calls; }
int64_t standin_allocations(void) { return allocations; }
int64_t standin_allocated_bytes(void) { return allocated; }
void standin_limit(int64_t bytes) { limit = bytes; }
int64_t standin_caches(int64_t change) { return caches += change; }

static struct block **find(const void *pointer) {
    struct block **at = &blocks;
    while (*at && !((const char *)pointer >= (*at)->start && (const char *)pointer < (*at)->start + (*at)->size))
        at = &(*at)->next;
    return at;
}

int standin_owns(const void *pointer, size_t size) {
    pthread_mutex_lock(&lock);
    struct block *block = *find(pointer);
    int owns = block && block->device == device && (const char *)pointer + size <= block->start + block->size;
    pthread_mutex_unlock(&lock);
    return owns;
}

void standin_enqueue(void (*run)(const void *), const void *arguments, size_t size) {
    struct work *work = malloc(sizeof *work + size);
    work->run = run;
    work->next = NULL;
    memcpy(work->arguments, arguments, size);
    *last[device] = work;
    last[device] = &work->next;
}

static void drain(void) {
    while (first[device]) {
        struct work *work = first[device];
        first[device] = work->next;
        if (!first[device]) last[device] = &first[device];
        work->run(work->arguments);
        free(work);
    }
}

int xpu_set_device(int number) {
    int code = standin_enter();
    if (code) return code;
    if (number < 0 || number >= DEVICES) return -701;
    device = number;
    return 0;
}

int xpu_device_count(int *count) {
    int code = standin_enter();
    *count = DEVICES;
    return code;
}

int xpu_device_get_attr(uint64_t *value, int attribute, int number) {
    int code = standin_enter();
    if (code) return code;
    if (number < 0 || number >= DEVICES) return -701;
    // Of the thread's device, whichever is asked for. Number 0 stands behind number 1 on the bus.
    static const uint64_t places[DEVICES] = {0x15300 | 2 << 3, 0x10300};
    if (attribute == 0) return (*value = places[device], 0);
    *value = attribute == 5 ? (uint64_t)limit : attribute == 6 ? 64 << 20 : attribute == 4 ? 300 : 4;
    return 0;
}

int xpu_get_runtime_version(uint32_t *major, uint32_t *minor) {
    *major = 0;
    *minor = 1;
    return 0;
}

int xpu_malloc(void **pointer, uint64_t size, int kind) {
    int code = standin_enter();
    if (code) return code;
    if (kind != 0) return -707;
    pthread_mutex_lock(&lock);
    if (allocated + (int64_t)size > limit) {
        pthread_mutex_unlock(&lock);
        return -705;
    }
    struct block *block = malloc(sizeof *block);
    block->start = aligned_alloc(256, (size + 255) / 256 * 256);
    // What was never written must not look like something.
    memset(block->start, 0xFF, size);
    block->size = size;
    block->device = device;
    block->next = blocks;
    blocks = block;
    allocations++;
    allocated += size;
    pthread_mutex_unlock(&lock);
    *pointer = block->start;
    return 0;
}

int xpu_free(void *pointer) {
    int code = standin_enter();
    drain();
    pthread_mutex_lock(&lock);
    struct block **at = find(pointer), *block = *at;
    if (!block || block->start != pointer || block->device != device) {
        pthread_mutex_unlock(&lock);
        return -707;
    }
    *at = block->next;
    allocations--;
    allocated -= block->size;
    pthread_mutex_unlock(&lock);
    free(block->start);
    free(block);
    return code;
}

int xpu_memcpy(void *target, const void *source, uint64_t size, int kind) {
    int code = standin_enter();
    if (code) return code;
    int to_host = kind == 0, from_host = kind == 1;
    if (kind < 0 || kind > 2 || (!to_host && !standin_owns(target, size)) || (!from_host && !standin_owns(source, size)))
        return -707;
    // Kernels that still read `target` would see the new bytes, as on a card.
    if (to_host) drain();
    memcpy(target, source, size);
    return 0;
}

int xpu_wait(void *stream) {
    int code = standin_enter();
    if (code) return code;
    if (stream) return -707;
    drain();
    return 0;
}
