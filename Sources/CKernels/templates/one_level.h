// CK_KERNEL for the level that each_level.h has just described, with the instructions of CK_TARGET if it names any.

#ifdef CK_TARGET
#pragma clang attribute push(__attribute__((target(CK_TARGET))), apply_to = function)
#endif
#include "vector.h"
#include CK_KERNEL
#ifdef CK_TARGET
#pragma clang attribute pop
#undef CK_TARGET
#endif
#undef CK_LEVEL
#undef CK_WIDTH
#undef CK_FMA
#undef CK_HALF
#undef CK_REGISTERS
#undef CK_VNNI
#undef CK_BFLOAT
