// Types of the calls that Kongur looks up in libxpurt and libxpuml with dlsym. Nothing here is linked.
//
// Written from what is publicly known about the two libraries (docs/kunlun.md says what that is); the names of the types
// are ours. Every call returns 0, or an error code that some versions give negated.
#ifndef CK_XPU_H
#define CK_XPU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// libxpurt: devices, memory, streams. The current device belongs to the calling thread.

typedef int (*ck_xpu_version)(uint32_t *major, uint32_t *minor);
typedef int (*ck_xpu_set_device)(int device);
typedef int (*ck_xpu_current_device)(int *device);
typedef int (*ck_xpu_device_count)(int *count);
typedef int (*ck_xpu_device_attribute)(uint64_t *value, int attribute, int device);
typedef int (*ck_xpu_malloc)(void **pointer, uint64_t size, int kind);
typedef int (*ck_xpu_free)(void *pointer);
// Returns when the copy is made.
typedef int (*ck_xpu_memcpy)(void *target, const void *source, uint64_t size, int kind);
// Returns when all work of the stream is done; NULL is the default stream.
typedef int (*ck_xpu_wait)(void *stream);
typedef int (*ck_xpu_stream_create)(void **stream);
typedef int (*ck_xpu_stream_destroy)(void *stream);

enum {
    CK_XPU_DEVICE_TO_HOST = 0,
    CK_XPU_HOST_TO_DEVICE = 1,
    CK_XPU_DEVICE_TO_DEVICE = 2,
};

enum {
    CK_XPU_MAIN_MEMORY = 0,
    CK_XPU_ON_CHIP_MEMORY = 1,
};

// Attributes of a device. Some versions answer for the thread's current device, whichever is asked for.
enum {
    // Domain from bit 16 on, bus from 8, device from 3, function from 0.
    CK_XPU_PCI_ADDRESS = 0,
    CK_XPU_MODEL = 4,
    CK_XPU_MAIN_MEMORY_CAPACITY = 5,
    CK_XPU_ON_CHIP_MEMORY_CAPACITY = 6,
    CK_XPU_CLUSTERS = 7,
    CK_XPU_MATRIX_UNITS = 8,
};

// libxpuml: the state of devices, in the shape of NVML.

typedef void *ck_xpuml_device;

typedef struct {
    uint64_t page_size;
    uint64_t total;
    uint64_t free;
    uint64_t used;
    uint64_t on_chip_page_size;
    uint64_t on_chip_total;
    uint64_t on_chip_free;
    uint64_t on_chip_used;
    uint64_t reserved[8];
} ck_xpuml_memory;

typedef struct {
    uint32_t compute;
    uint32_t memory;
    uint64_t reserved[15];
} ck_xpuml_utilization;

typedef struct {
    uint32_t domain;
    uint32_t bus;
    uint32_t device;
    uint32_t function;
    uint32_t device_and_vendor;
    uint32_t subsystem;
    char bus_id[32];
    uint64_t reserved[9];
} ck_xpuml_pci;

typedef int (*ck_xpuml_init)(void);
typedef int (*ck_xpuml_shutdown)(void);
typedef int (*ck_xpuml_text)(char *text, unsigned size);
typedef int (*ck_xpuml_device_count)(unsigned *count);
typedef int (*ck_xpuml_device_by_index)(unsigned index, ck_xpuml_device *device);
typedef int (*ck_xpuml_pci_info)(ck_xpuml_device device, ck_xpuml_pci *pci);
typedef int (*ck_xpuml_device_name)(ck_xpuml_device device, char *name, unsigned size);
typedef int (*ck_xpuml_memory_info)(ck_xpuml_device device, ck_xpuml_memory *memory);
typedef int (*ck_xpuml_utilization_rates)(ck_xpuml_device device, ck_xpuml_utilization *rates);
// Degrees Celsius.
typedef int (*ck_xpuml_temperature)(ck_xpuml_device device, unsigned sensor, unsigned *degrees);
// Milliwatts.
typedef int (*ck_xpuml_power)(ck_xpuml_device device, unsigned *milliwatts);

#ifdef __cplusplus
}
#endif

#endif
