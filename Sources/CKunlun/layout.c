// The layouts that libxpuml's callers rely on: a compiler that lays them out otherwise must not build this.
#include "ck_xpu.h"
#include "kongur_kunlun_ops.h"

_Static_assert(sizeof(ck_xpuml_memory) == 128, "xpumlMemory_t has 128 bytes");
_Static_assert(sizeof(ck_xpuml_utilization) == 128, "xpumlUtilization_t has 128 bytes");
_Static_assert(sizeof(ck_xpuml_pci) == 128, "xpumlPciInfo_t has 128 bytes");
_Static_assert(sizeof(kongur_kunlun_ints) == 24, "two pointers and a count");
