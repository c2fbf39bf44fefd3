// The vendor's headers, and what the build says about the card.
#pragma once

// 3 for P800, 2 for Kunlun 1 and 2.
#ifndef KONGUR_KUNLUN_GENERATION
#define KONGUR_KUNLUN_GENERATION 2
#endif

// The type in which XDNN makes products of f16: int16_t is what callers take on Kunlun 1 and 2.
#ifndef KONGUR_XDNN_PRODUCT
#define KONGUR_XDNN_PRODUCT int16_t
#endif

#include <xpu/runtime.h>
#include <xpu/xdnn.h>

#if KONGUR_KUNLUN_GENERATION >= 3
// The archive has these in xblas/include; PaddlePaddle keeps them in a folder xblas.
#if __has_include(<xblas/cublas_v2.h>)
#include <xblas/cublas_v2.h>
#include <xblas/xblas_legacy_api.h>
#else
#include <cublas_v2.h>
#include <xblas_legacy_api.h>
#endif
#endif
