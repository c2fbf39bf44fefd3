// What the shim asks of the runtime, and how answers become those of kongur_kunlun_ops.h.
#pragma once

#include "kongur_kunlun_ops.h"
#include "vendor.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace kongur {

namespace api = baidu::xpu::api;

// An answer that is not success, on its way out.
struct Failure {
    int code;
};

// Codes of the runtime.
constexpr int kOutOfMemory = 705;
constexpr int kOutOfHostMemory = 706;
constexpr int kUnexpected = 800;

inline void check_runtime(int answer) {
    if (answer != 0) throw Failure{answer};
}

// The vendor's call that was last refused on this thread, and its answer: `make cpu-check` prints them.
struct Refusal {
    const char *call = nullptr;
    int answer = 0;
};
inline thread_local Refusal refusal;

[[noreturn]] inline void refuse(const char *call, int answer) {
    refusal = {call, answer};
    throw Failure{KONGUR_KUNLUN_UNSUPPORTED};
}

[[noreturn]] inline void fail(const char *call, int answer) {
    std::fprintf(stderr, "kongur_kunlun_xdnn: %s answered %d\n", call, answer);
    throw Failure{kUnexpected};
}

// XDNN refuses shapes and types with two of its codes before it does anything, and lacks room for its work areas with a third.
// Others come from the device.
inline void check_xdnn(int answer, const char *call) {
    switch (answer) {
    case api::SUCCESS: return;
    case api::INVALID_PARAM:
    case api::NOT_IMPLEMENT: refuse(call, answer);
    case api::NO_ENOUGH_WORKSPACE: throw Failure{kOutOfMemory};
    default: fail(call, answer);
    }
}
#define XDNN(call, ...) check_xdnn(call(__VA_ARGS__), #call)

// No exception may leave a C function.
template <typename Body> int guarded(Body body) noexcept {
    try {
        body();
        return KONGUR_KUNLUN_OK;
    } catch (const Failure &failure) {
        return failure.code;
    } catch (const std::bad_alloc &) {
        return kOutOfHostMemory;
    } catch (...) {
        return kUnexpected;
    }
}

#ifdef KONGUR_KUNLUN_HOST
// For `make cpu-check`: XDNN's reference for the processor, which reads and writes the host's memory. No call of the runtime.
inline int allocate(void **pointer, size_t size) { return (*pointer = std::malloc(size)) ? 0 : kOutOfMemory; }
inline int release(void *pointer) {
    std::free(pointer);
    return 0;
}
inline int copy(void *target, const void *source, size_t size, XPUMemcpyKind) {
    std::memcpy(target, source, size);
    return 0;
}
inline int wait(XPUStream) { return 0; }
inline api::Context *create_context(XPUStream) { return new api::Context(api::kCPU); }
inline void destroy_context(api::Context *context) { delete context; }
#else
inline int allocate(void **pointer, size_t size) { return xpu_malloc(pointer, size, XPU_MEM_MAIN); }
inline int release(void *pointer) { return xpu_free(pointer); }
inline int copy(void *target, const void *source, size_t size, XPUMemcpyKind kind) {
    return xpu_memcpy(target, source, size, kind);
}
inline int wait(XPUStream stream) { return xpu_wait(stream); }
inline api::Context *create_context(XPUStream stream) {
    api::Context *context = api::create_context();
    if (context != nullptr) context->set_stream(stream);
    return context;
}
inline void destroy_context(api::Context *context) { api::destroy_context(context); }
#endif

// Values that the host makes and the device reads. They are sent when they differ from those of the last call: the layers of
// a step ask for the same ones.
template <typename T> class Mirror {
  public:
    Mirror() = default;
    Mirror(const Mirror &) = delete;
    Mirror &operator=(const Mirror &) = delete;
    ~Mirror() {
        if (device_ != nullptr) release(device_);
    }

    T *send(std::vector<T> values, XPUStream stream) {
        if (device_ != nullptr && values == host_) return device_;
        // What still runs may read the old values.
        check_runtime(wait(stream));
        host_.clear();
        if (values.size() > capacity_) {
            if (device_ != nullptr) {
                T *old = device_;
                device_ = nullptr;
                capacity_ = 0;
                check_runtime(release(old));
            }
            void *pointer = nullptr;
            check_runtime(allocate(&pointer, values.size() * sizeof(T)));
            device_ = static_cast<T *>(pointer);
            capacity_ = values.size();
        }
        check_runtime(copy(device_, values.data(), values.size() * sizeof(T), XPU_HOST_TO_DEVICE));
        host_ = std::move(values);
        return device_;
    }

    T *device() const { return device_; }
    api::VectorParam<T> vector() const { return {host_.data(), static_cast<int64_t>(host_.size()), device_}; }

  private:
    std::vector<T> host_;
    T *device_ = nullptr;
    size_t capacity_ = 0;
};

// Work areas of one call, which the library gives and takes back.
class Areas {
  public:
    explicit Areas(api::Context *context) : guard_(context) {}

    template <typename T> T *take(int64_t count) {
        T *area = guard_.alloc<T>(static_cast<size_t>(count));
        if (area == nullptr) throw Failure{kOutOfMemory};
        return area;
    }

  private:
    api::ctx_guard guard_;
};

}  // namespace kongur
