import CKunlun
import DeviceRuntime

/// Memory of a device that is given back when its last user goes.
///
/// `@unchecked Sendable`: the pointers are set while it is made; what they point to is used on the device's thread.
final class DeviceMemory: @unchecked Sendable {
    private let session: KunlunSession
    private var pointers: [UnsafeMutableRawPointer] = []

    init(_ session: KunlunSession) { self.session = session }

    deinit {
        guard !pointers.isEmpty else { return }
        let (session, pointers) = (session, pointers)
        // A device that has ended is asked all the same: some give memory back. One that hangs is not.
        try? session.thread.run(evenIfFailed: true) { () throws(DeviceError) in
            for pointer in pointers { _ = session.answer("xpu_free") { session.calls.free(pointer) } }
        }
    }

    /// Takes `byteCount` bytes of main memory, at least one; on the device's thread.
    func allocate(_ byteCount: Int) throws(DeviceError) -> UnsafeMutableRawPointer {
        var pointer: UnsafeMutableRawPointer?
        let size = UInt64(max(byteCount, 1))
        let answer = session.answer("xpu_malloc") {
            session.calls.allocate(&pointer, size, Int32(CK_XPU_MAIN_MEMORY))
        }
        guard answer == 0, let pointer else {
            var error = session.error(answer == 0 ? 705 : answer, "xpu_malloc")
            error.message += " (\(byteCount) bytes were asked for)"
            throw error
        }
        pointers.append(pointer)
        return pointer
    }
}
