import CKunlun

/// The calls of libxpurt that Kongur uses, looked up by name.
struct XPURuntime: Sendable {
    let library: DynamicLibrary
    let setDevice: ck_xpu_set_device
    let deviceCount: ck_xpu_device_count
    let attribute: ck_xpu_device_attribute
    let allocate: ck_xpu_malloc
    let free: ck_xpu_free
    let copy: ck_xpu_memcpy
    let wait: ck_xpu_wait
    /// What newer or older versions may lack.
    let runtimeVersion: ck_xpu_version?
    let driverVersion: ck_xpu_version?

    /// Names that must be there.
    static let required = [
        "xpu_set_device", "xpu_device_count", "xpu_device_get_attr", "xpu_malloc", "xpu_free", "xpu_memcpy", "xpu_wait",
    ]
    static let optional = ["xpu_get_runtime_version", "xpu_get_driver_version"]

    /// Nil when one of `required` is missing.
    init?(_ library: DynamicLibrary) {
        guard let setDevice: ck_xpu_set_device = library.function(["xpu_set_device"]),
            let deviceCount: ck_xpu_device_count = library.function(["xpu_device_count"]),
            let attribute: ck_xpu_device_attribute = library.function(["xpu_device_get_attr"]),
            let allocate: ck_xpu_malloc = library.function(["xpu_malloc"]),
            let free: ck_xpu_free = library.function(["xpu_free"]),
            let copy: ck_xpu_memcpy = library.function(["xpu_memcpy"]),
            let wait: ck_xpu_wait = library.function(["xpu_wait"])
        else { return nil }
        self.library = library
        self.setDevice = setDevice
        self.deviceCount = deviceCount
        self.attribute = attribute
        self.allocate = allocate
        self.free = free
        self.copy = copy
        self.wait = wait
        runtimeVersion = library.function(["xpu_get_runtime_version"])
        driverVersion = library.function(["xpu_get_driver_version"])
    }

    /// `major.minor` of a version call, if there is one and it answers.
    static func version(_ call: ck_xpu_version?) -> String? {
        var (major, minor): (UInt32, UInt32) = (0, 0)
        guard let call, call(&major, &minor) == 0 else { return nil }
        return "\(major).\(minor)"
    }
}
