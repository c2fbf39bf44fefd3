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
    private let isMapped: Bool

    /// Zeroed bytes at an address that suits every kernel (64-byte lines; whole pages for large tensors).
    package init(byteCount: Int) {
        let alignment = byteCount >= 1 << 20 ? 4096 : 64
        self.byteCount = byteCount
        base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: alignment)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 1))
        isMapped = false
    }

    /// Takes over a mapping of a file, for reading.
    init(mapping base: UnsafeMutableRawPointer, byteCount: Int) {
        self.base = base
        self.byteCount = byteCount
        isMapped = true
    }

    deinit {
        if isMapped { munmap(base, byteCount) } else { base.deallocate() }
    }

    /// Gives back the memory of the whole pages within `range` of a mapped file; they are read again when touched.
    func discardPages(_ range: Range<Int>) {
        guard isMapped else { return }
        let page = Int(getpagesize())
        let (start, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        if start < end { madvise(base + start, end - start, MADV_DONTNEED) }
    }
}
