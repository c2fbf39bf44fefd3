import CKunlun

/// The calls of libxpuml that Kongur uses; the library exports them with or without a version at the end.
///
/// Everything here may be missing: devices then run unobserved.
struct XPUManagement: Sendable {
    let library: DynamicLibrary
    private let byIndex: ck_xpuml_device_by_index
    private let name: ck_xpuml_device_name?
    private let memoryInfo: ck_xpuml_memory_info?
    private let utilizationRates: ck_xpuml_utilization_rates?
    private let temperature: ck_xpuml_temperature?
    private let power: ck_xpuml_power?
    /// The library's indices by place on the bus; empty where it does not tell.
    private let indices: [PCIAddress: [UInt32]]
    /// The driver's version, if the library says it.
    let driverVersion: String?

    static let required = ["xpumlInit", "xpumlDeviceGetHandleByIndex"]
    static let optional = [
        "xpumlDeviceGetCount", "xpumlDeviceGetPciInfo",
        "xpumlSystemGetDriverVersion", "xpumlDeviceGetName", "xpumlDeviceGetMemoryInfo",
        "xpumlDeviceGetUtilizationRates", "xpumlDeviceGetTemperature", "xpumlDeviceGetPowerUsage",
    ]

    /// The spellings of a name.
    static func names(_ name: String) -> [String] { [name, "\(name)_v1", "\(name)_v2"] }

    /// Nil when it lacks what it must have or does not start.
    init?(_ library: DynamicLibrary) {
        guard let start: ck_xpuml_init = library.function(Self.names("xpumlInit")),
            let byIndex: ck_xpuml_device_by_index = library.function(Self.names("xpumlDeviceGetHandleByIndex")),
            start() == 0
        else { return nil }
        self.library = library
        self.byIndex = byIndex
        name = library.function(Self.names("xpumlDeviceGetName"))
        memoryInfo = library.function(Self.names("xpumlDeviceGetMemoryInfo"))
        utilizationRates = library.function(Self.names("xpumlDeviceGetUtilizationRates"))
        temperature = library.function(Self.names("xpumlDeviceGetTemperature"))
        power = library.function(Self.names("xpumlDeviceGetPowerUsage"))
        let version: ck_xpuml_text? = library.function(Self.names("xpumlSystemGetDriverVersion"))
        indices = Self.indices(library, byIndex)
        driverVersion = version.flatMap { call in Self.text(96) { call($0, $1) } }
    }

    /// What the library says about the device at an address; nil for what it does not say.
    ///
    /// Its indices are not the runtime's numbers, which leave out what XPU_VISIBLE_DEVICES hides and may be in another order: so
    /// a device is found by its place on the bus. Nothing is said where no device, or more than one, is found there.
    func state(at address: PCIAddress) -> KunlunState {
        var state = KunlunState()
        guard let indices = indices[address], indices.count == 1 else { return state }
        var handle: ck_xpuml_device?
        guard byIndex(indices[0], &handle) == 0, let handle else { return state }
        state.name = name.flatMap { call in Self.text(96) { call(handle, $0, $1) } }
        var memory = ck_xpuml_memory()
        if let memoryInfo, memoryInfo(handle, &memory) == 0 {
            state.memoryByteCount = Int(clamping: memory.total)
            state.usedMemoryByteCount = Int(clamping: memory.used)
        }
        var rates = ck_xpuml_utilization()
        if let utilizationRates, utilizationRates(handle, &rates) == 0 {
            state.computeUtilization = Double(rates.compute) / 100
        }
        var (degrees, milliwatts): (UInt32, UInt32) = (0, 0)
        if let temperature, temperature(handle, 0, &degrees) == 0 { state.temperature = Double(degrees) }
        if let power, power(handle, &milliwatts) == 0 { state.power = Double(milliwatts) / 1000 }
        return state
    }

    private static func indices(_ library: DynamicLibrary, _ byIndex: ck_xpuml_device_by_index)
        -> [PCIAddress: [UInt32]]
    {
        var count: UInt32 = 0
        guard let countDevices: ck_xpuml_device_count = library.function(names("xpumlDeviceGetCount")),
            let info: ck_xpuml_pci_info = library.function(names("xpumlDeviceGetPciInfo")), countDevices(&count) == 0
        else { return [:] }
        var indices: [PCIAddress: [UInt32]] = [:]
        for index in 0..<min(count, 1024) {
            var handle: ck_xpuml_device?
            var pci = ck_xpuml_pci()
            guard byIndex(index, &handle) == 0, let handle, info(handle, &pci) == 0 else { continue }
            let address = PCIAddress(domain: pci.domain, bus: pci.bus, device: pci.device, function: pci.function)
            indices[address, default: []].append(index)
        }
        return indices
    }

    private static func text(_ size: Int, _ call: (UnsafeMutablePointer<CChar>, UInt32) -> Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: size + 1) { buffer in
            buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress, call(start, UInt32(size)) == 0 else { return nil }
            return String(cString: start)
        }
    }
}

/// What libxpuml says about a device now.
package struct KunlunState: Sendable, Hashable {
    package var name: String?
    package var memoryByteCount: Int?
    package var usedMemoryByteCount: Int?
    /// From 0 to 1.
    package var computeUtilization: Double?
    /// Degrees Celsius.
    package var temperature: Double?
    /// Watts.
    package var power: Double?

    package init() {}
}
