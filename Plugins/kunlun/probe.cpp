// One instantiation that a release of the SDK may lack: what links becomes a -D of the shim (sdk.sh).
#include "vendor.h"

#ifdef KONGUR_XDNN_VERSION
extern const char *__XDNN_VERSION;
#endif

namespace api = baidu::xpu::api;

template <typename T> T *none() { return nullptr; }

extern "C" int kongur_probe(api::Context *context) {
#if defined(KONGUR_XDNN_WIDE)
    return api::fc_fusion<float16, float16, float, KONGUR_XDNN_PRODUCT>(
        context, none<float16>(), none<float16>(), none<float>(), 1, 1, 1, false, true, nullptr, nullptr, nullptr, 1, 1, 1,
        1.0f, 0.0f, nullptr, api::Activation_t::LINEAR);
#elif defined(KONGUR_XDNN_INT8) && KONGUR_KUNLUN_GENERATION >= 3
    return baidu::xpu::xblas::fc_fusion<int8_t, int8_t, float, int8_t, float, float>(
        context, none<int8_t>(), none<int8_t>(), none<float>(), 1, 1, 1, false, true, none<float>(), none<float>(), nullptr,
        1, 1, 1, 1.0f, 0.0f, nullptr, api::Activation_t::LINEAR);
#elif defined(KONGUR_XDNN_INT8)
    return api::fc_fusion<int8_t, int8_t, float, int8_t>(
        context, none<int8_t>(), none<int8_t>(), none<float>(), 1, 1, 1, false, true, nullptr, nullptr, nullptr, 1, 1, 1,
        1.0f, 0.0f, nullptr, api::Activation_t::LINEAR);
#elif defined(KONGUR_XDNN_FLOAT_NORM)
    return api::rms_layer_norm<float16, float>(
        context, none<float16>(), none<float16>(), 1, 1, 0.0f, none<float>(), nullptr, nullptr, false);
#elif defined(KONGUR_XDNN_FUSED_NORM)
    return api::add_rms_layer_norm_fusion<float16>(
        context, none<float16>(), none<float16>(), none<float16>(), 1, 1, 0.0f, none<float>(), nullptr, nullptr,
        none<float16>(), nullptr);
#elif defined(KONGUR_XDNN_VERSION)
    return context != nullptr && __XDNN_VERSION != nullptr;
#else
    api::destroy_context(context);
    return 0;
#endif
}
