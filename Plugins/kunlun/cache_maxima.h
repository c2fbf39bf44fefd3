// The largest magnitudes in each key and value cache, which attention wants beside it.
#pragma once

#include "device.h"

#include <unordered_map>

namespace kongur {

// Products in int16 count shares of a largest magnitude, which must cover every number of the cache. It cannot be had from the
// cache, whose slots may never have been written; so it grows with what is written, as PaddlePaddle keeps it
// (block_multi_head_attention_kernel.cc): as many floats as the library wants, whose largest counts.
class CacheMaxima {
  public:
    CacheMaxima() = default;
    CacheMaxima(const CacheMaxima &) = delete;
    CacheMaxima &operator=(const CacheMaxima &) = delete;
    ~CacheMaxima() {
        for (const auto &entry : caches_) {
            if (entry.second.values != nullptr) release(entry.second.values);
        }
    }

    // Takes in `count` numbers that are about to stand in a cache.
    void widen(api::Context *context, XPUStream stream, const void *cache, const float16 *numbers, int64_t count) {
        const int64_t size = context->max_ptr_size();
        auto found = caches_.find(cache);
        if (found != caches_.end() && !found->second.covers) return;
        if (found == caches_.end()) {
            void *pointer = nullptr;
            check_runtime(allocate(&pointer, size * sizeof(float)));
            found = caches_.insert({cache, {static_cast<float *>(pointer), false}}).first;
            const std::vector<float> zeros(size, 0.0f);
            check_runtime(wait(stream));
            check_runtime(copy(pointer, zeros.data(), size * sizeof(float), XPU_HOST_TO_DEVICE));
            found->second.covers = true;
        }
        Areas areas(context);
        float *fresh = areas.take<float>(size), *known = found->second.values;
        XDNN(api::findmax<float16>, context, numbers, fresh, count);
        XDNN(api::max<float>, context, known, fresh, known, size);
    }

    // Null where the cache holds what was not written here.
    const float *of(const void *cache) const {
        const auto found = caches_.find(cache);
        return found != caches_.end() && found->second.covers ? found->second.values : nullptr;
    }

    // Somebody else writes to the cache.
    void distrust(const void *cache) {
        const auto found = caches_.find(cache);
        if (found != caches_.end()) found->second.covers = false;
        else caches_.insert({cache, {nullptr, false}});
    }

    void forget(const void *cache) {
        const auto found = caches_.find(cache);
        if (found == caches_.end()) return;
        if (found->second.values != nullptr) release(found->second.values);
        caches_.erase(found);
    }

  private:
    struct Maxima {
        float *values;
        bool covers;
    };
    std::unordered_map<const void *, Maxima> caches_;
};

}  // namespace kongur
