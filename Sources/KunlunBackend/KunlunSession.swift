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

    /// Makes the device current on a thread of its own and opens the operator library there.
    init(_ number: Int, _ calls: XPURuntime, _ operators: KunlunOperators?, timeout: Double) throws(DeviceError) {
        self.number = number
        self.calls = calls
        self.operators = operators
        thread = DeviceThread("xpu:\(number)", timeout: timeout)
        try thread.run { () throws(DeviceError) in
            try self.check("xpu_set_device") { calls.setDevice(Int32(number)) }
            guard let operators else { return }
            try self.check("kongur_kunlun_open") { operators.open(nil, &self.context) }
        }
    }

    deinit {
        guard let operators, let context else { return }
        let (thread, address) = (thread, UInt(bitPattern: context))
        try? thread.run(evenIfFailed: true) { () throws(DeviceError) in
            operators.close(OpaquePointer(bitPattern: address))
        }
    }

    /// Bytes of main memory, as the runtime says; nil when it does not.
    var memoryByteCount: Int? { attribute(CK_XPU_MAIN_MEMORY_CAPACITY).map { Int(clamping: $0) } }

    /// What the runtime says of the device; nil when it does not.
    func attribute(_ attribute: Int) -> UInt64? {
        let (calls, number) = (calls, number)
        return try? thread.run { () throws(DeviceError) in
            var value: UInt64 = 0
            try self.check("xpu_device_get_attr") { calls.attribute(&value, Int32(attribute), Int32(number)) }
            return value
        }
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
