// A stand-in for libxpuml, for tests: two devices, and versions at the end of some names, as the library has them.
#include <stdint.h>
#include <string.h>

static uint64_t handles[2];

int xpumlInit_v1(void) { return 0; }
int xpumlShutdown_v1(void) { return 0; }

int xpumlSystemGetDriverVersion(char *text, unsigned size) {
    strncpy(text, "0.1 (stand-in)", size);
    return 0;
}

int xpumlDeviceGetCount(unsigned *count) {
    *count = 2;
    return 0;
}

int xpumlDeviceGetHandleByIndex_v1(unsigned index, void **device) {
    if (index > 1) return 2;
    *device = &handles[index];
    return 0;
}

int xpumlDeviceGetName(void *device, char *name, unsigned size) {
    (void)device;
    strncpy(name, "stand-in", size);
    return 0;
}

int xpumlDeviceGetMemoryInfo(void *device, uint64_t *memory) {
    (void)device;
    memset(memory, 0, 128);
    memory[1] = (uint64_t)32 << 30;
    memory[2] = (uint64_t)31 << 30;
    memory[3] = (uint64_t)1 << 30;
    return 0;
}

int xpumlDeviceGetUtilizationRates(void *device, uint32_t *rates) {
    (void)device;
    memset(rates, 0, 128);
    rates[0] = 25;
    return 0;
}

int xpumlDeviceGetTemperature(void *device, unsigned sensor, unsigned *degrees) {
    (void)device;
    if (sensor) return 2;
    *degrees = 41;
    return 0;
}

int xpumlDeviceGetPowerUsage(void *device, unsigned *milliwatts) {
    (void)device;
    *milliwatts = 87500;
    return 0;
}
