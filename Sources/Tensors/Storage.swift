#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Bytes with one owner: allocated, or a file mapped for reading; released with the last reference.
///
/// `@unchecked Sendable`: the bytes are written only by the `MutableTensor` that allocated them, which is unique,
/// and never after it has frozen into a `Tensor`.
package final class Storage: @unchecked Sendable {
    package let byteCount: Int
    let base: UnsafeMutableRawPointer
    private let release: (UnsafeMutableRawPointer, Int) -> Void

    /// Zeroed bytes at an address that suits every kernel (64-byte lines; whole pages for large tensors).
    package init(byteCount: Int) {
        let alignment = byteCount >= 1 << 20 ? 4096 : 64
        self.byteCount = byteCount
        base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: alignment)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 1))
        release = { pointer, _ in pointer.deallocate() }
    }

    /// Takes over bytes that somebody else made, with the way to give them back.
    init(
        adopting base: UnsafeMutableRawPointer,
        byteCount: Int,
        release: @escaping (UnsafeMutableRawPointer, Int) -> Void
    ) {
        self.base = base
        self.byteCount = byteCount
        self.release = release
    }

    deinit {
        release(base, byteCount)
    }
}
