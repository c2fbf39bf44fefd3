import DeviceRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Zeroed, page-aligned bytes that take memory when first touched.
///
/// `@unchecked Sendable`: whoever holds it decides who writes where; here that is the executable that owns it.
final class Memory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// Throws `.outOfMemory` naming `purpose`.
    init(byteCount: Int, purpose: String) throws(DeviceError) {
        self.byteCount = byteCount
        let size = max(byteCount, 1)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard byteCount >= 0, let base = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), base != MAP_FAILED
        else {
            throw DeviceError(
                .outOfMemory,
                "\(purpose) needs \(byteCount) bytes, which cannot be had; use fewer cache blocks or a smaller batch"
            )
        }
        self.base = base
    }

    deinit { munmap(base, max(byteCount, 1)) }
}
