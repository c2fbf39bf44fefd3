// A stand-in for libxpuml, for tests: versions at the end of some names, as the library has them, and three devices in the order
// of the bus. The first is the runtime's number 1 and the second its number 0; the third is hidden from the runtime.
#include <stdint.h>
#include <string.h>

#define DEVICES 3
static const uint32_t buses[DEVICES] = {0x03, 0x53, 0x9A}, places[DEVICES] = {0, 2, 0};
static uint64_t handles[DEVICES];

static long index_of(const void *device) { return (const uint64_t *)device - handles; }

int xpumlInit_v1(void) { return 0; }
int xpumlShutdown_v1(void) { return 0; }

int xpumlSystemGetDriverVersion(char *text, unsigned size) {
    strncpy(text, "0.1 (stand-in)", size);
    return 0;
}

int xpumlDeviceGetCount(unsigned *count) {
    *count = DEVICES;
    return 0;
}

int xpumlDeviceGetHandleByIndex_v1(unsigned index, void **device) {
    if (index >= DEVICES) return 2;
    *device = &handles[index];
    return 0;
}

#ifndef STANDIN_WITHOUT_PCI
int xpumlDeviceGetPciInfo(void *device, uint32_t *info) {
    memset(info, 0, 128);
    info[0] = 1;
    info[1] = buses[index_of(device)];
    info[2] = places[index_of(device)];
    return 0;
}
#endif

int xpumlDeviceGetName(void *device, char *name, unsigned size) {
    (void)device;
    strncpy(name, "stand-in", size);
    return 0;
}

int xpumlDeviceGetMemoryInfo(void *device, uint64_t *memory) {
    uint64_t used = (uint64_t)(1 + index_of(device)) << 30;
    memset(memory, 0, 128);
    memory[1] = (uint64_t)32 << 30;
    memory[2] = memory[1] - used;
    memory[3] = used;
    return 0;
}

int xpumlDeviceGetUtilizationRates(void *device, uint32_t *rates) {
    (void)device;
    memset(rates, 0, 128);
    rates[0] = 25;
    return 0;
}

int xpumlDeviceGetTemperature(void *device, unsigned sensor, unsigned *degrees) {
    if (sensor) return 2;
    *degrees = 41 + index_of(device);
    return 0;
}

int xpumlDeviceGetPowerUsage(void *device, unsigned *milliwatts) {
    (void)device;
    *milliwatts = 87500;
    return 0;
}
