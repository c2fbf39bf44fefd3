import CKunlun
import DeviceRuntime

/// A device's thread, the runtime's calls, and the operator library's context: all that touches the device.
///
/// `@unchecked Sendable`: the context is set before anybody else has the session, and used on the thread alone.
final class KunlunSession: @unchecked Sendable {
    let number: Int
    let calls: XPURuntime
    let operators: KunlunOperators?
    let thread: DeviceThread
    private(set) var context: OpaquePointer?
    /// Where the device is on the bus, and the bytes of its main memory, as the runtime says; nil where it does not.
    private(set) var address: PCIAddress?
    private(set) var memoryByteCount: Int?

    /// Makes the device current on a thread of its own and opens the operator library there, with readings as chosen.
    ///
    /// Throws `.invalidInput` for a choice that the library does not have.
    init(
        _ number: Int,
        _ calls: XPURuntime,
        _ operators: KunlunOperators?,
        choices: [(name: String, choice: String)] = [],
        timeout: Double
    ) throws(DeviceError) {
        self.number = number
        self.calls = calls
        self.operators = operators
        thread = DeviceThread("xpu:\(number)", timeout: timeout)
        try thread.run { () throws(DeviceError) in
            try self.check("xpu_set_device") { calls.setDevice(Int32(number)) }
            self.address = self.attributeOnThread(CK_XPU_PCI_ADDRESS).map { PCIAddress(attribute: $0) }
            self.memoryByteCount = self.attributeOnThread(CK_XPU_MAIN_MEMORY_CAPACITY).map { Int(clamping: $0) }
            guard let operators else { return }
            try self.check("kongur_kunlun_open") { operators.open(nil, &self.context) }
            for (name, choice) in choices where !operators.take(choice, for: name, self.context) {
                let readings = operators.readings(self.context).map {
                    "\($0.name)=\($0.choices.joined(separator: "|"))"
                }
                throw DeviceError(
                    .invalidInput,
                    "KONGUR_KUNLUN_READINGS has \(name)=\(choice), which the operator library does not; it has \(readings.joined(separator: ", "))"
                )
            }
        }
    }

    deinit {
        guard let operators, let context else { return }
        let (thread, address) = (thread, UInt(bitPattern: context))
        try? thread.run(evenIfFailed: true) { () throws(DeviceError) in
            operators.close(OpaquePointer(bitPattern: address))
        }
    }

    /// What the runtime says of the device; nil when it does not.
    func attribute(_ attribute: Int) -> UInt64? {
        (try? thread.run { () throws(DeviceError) in self.attributeOnThread(attribute) }) ?? nil
    }

    private func attributeOnThread(_ attribute: Int) -> UInt64? {
        var value: UInt64 = 0
        let answer = answer("xpu_device_get_attr") { calls.attribute(&value, Int32(attribute), Int32(number)) }
        if answer == 0 { return value }
        // An answer that ends the device is remembered.
        _ = error(answer, "xpu_device_get_attr")
        return nil
    }

    /// Says that caches are about to be given back; on the device's thread.
    func forget(_ caches: [UnsafeMutableRawPointer]) {
        guard let forget = operators?.forget else { return }
        for cache in caches { forget(context, cache) }
    }

    /// Makes a call on the device's thread, under the watch, and throws what its answer means.
    ///
    /// An answer that ends the device is remembered: everything that follows throws it.
    func check(_ call: StaticString, _ body: () -> Int32) throws(DeviceError) {
        let answer = answer(call, body)
        if answer != 0 { throw error(answer, call) }
    }

    /// Makes a call under the watch.
    func answer(_ call: StaticString, _ body: () -> Int32) -> Int32 {
        thread.begin(call)
        defer { thread.end() }
        return body()
    }

    func error(_ answer: Int32, _ call: StaticString) -> DeviceError {
        let fault = XPUFault(answer, in: "\(call)")
        let error = fault.error(device: number)
        if fault.endsDevice { thread.fail(error) }
        return error
    }

    /// Waits for everything on the default stream, which is where all work goes.
    func wait() throws(DeviceError) { try check("xpu_wait") { calls.wait(nil) } }

    func copyToDevice(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawBufferPointer) throws(DeviceError) {
        guard let base = source.baseAddress, source.count > 0 else { return }
        try check("xpu_memcpy") {
            calls.copy(target, base, UInt64(source.count), Int32(CK_XPU_HOST_TO_DEVICE))
        }
    }

    /// The caller has waited for what makes the bytes.
    func copyToHost(_ target: UnsafeMutableRawBufferPointer, _ source: UnsafeRawPointer) throws(DeviceError) {
        guard let base = target.baseAddress, target.count > 0 else { return }
        try check("xpu_memcpy") {
            calls.copy(base, source, UInt64(target.count), Int32(CK_XPU_DEVICE_TO_HOST))
        }
    }
}
