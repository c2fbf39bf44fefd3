// What the stand-in operators ask of the stand-in runtime, and tests of both.
#ifndef STANDIN_H
#define STANDIN_H

#include <stddef.h>
#include <stdint.h>

// Counts a call and answers what it must answer: 0, or the fault that is due.
int standin_enter(void);
// Queues work, which runs when the default stream is waited for; `arguments` are copied.
void standin_enqueue(void (*work)(const void *), const void *arguments, size_t size);
// 1 when so many bytes from here on are device memory of the calling thread's device.
int standin_owns(const void *pointer, size_t size);

// For tests. The call number `at`, counted from now on and from 1, answers `code`; 0 never fails, and STANDIN_HANG hangs.
#define STANDIN_HANG 9999
void standin_fail(int64_t at, int code);
int64_t standin_calls(void);
int64_t standin_allocations(void);
int64_t standin_allocated_bytes(void);
// Bytes of a device's memory.
void standin_limit(int64_t bytes);
// Changes the number of caches that the operators know, and gives it.
int64_t standin_caches(int64_t change);
// Forgets faults, as a reset of the device does.
void standin_reset(void);

#endif
