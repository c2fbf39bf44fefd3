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
    /// The first byte; to be written by whoever allocated the storage alone.
    package let base: UnsafeMutableRawPointer
    private let origin: Origin

    private enum Origin {
        case allocated
        /// Pages of no file.
        case pages
        case file
    }

    /// Zeroed bytes at an address that suits every kernel (64-byte lines; whole pages for large tensors).
    package init(byteCount: Int) {
        let alignment = byteCount >= 1 << 20 ? 4096 : 64
        self.byteCount = byteCount
        base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: alignment)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 1))
        origin = .allocated
    }

    /// Zeroed pages that take memory when they are first touched, for sizes that a file decides.
    ///
    /// Touching what lies just before or behind them ends the program. Throws `.sizeMismatch` when the system does not
    /// give so many.
    package init(zeroedPages byteCount: Int) throws(TensorError) {
        let size = Self.mappedSize(byteCount)
        guard byteCount >= 0, size <= Self.largestMapping,
            let start = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED
        else { throw TensorError(.sizeMismatch, "\(byteCount) bytes of memory cannot be had") }
        let base = start + Self.margin
        guard mprotect(base, size - 2 * Self.margin, PROT_READ | PROT_WRITE) == 0 else {
            munmap(start, size)
            throw TensorError(.sizeMismatch, "\(byteCount) bytes of memory cannot be had")
        }
        self.byteCount = byteCount
        self.base = base
        origin = .pages
    }

    /// Bytes around zeroed pages that nobody may touch: whole pages on every system.
    private static let margin = 1 << 16
    private static let largestMapping = 1 << 46

    private static func mappedSize(_ byteCount: Int) -> Int {
        let count = min(max(byteCount, 1), largestMapping)
        return (count + margin - 1) / margin * margin + 2 * margin
    }

    /// Takes over a mapping of a file, for reading.
    init(mapping base: UnsafeMutableRawPointer, byteCount: Int) {
        self.base = base
        self.byteCount = byteCount
        origin = .file
    }

    deinit {
        switch origin {
        case .allocated: base.deallocate()
        case .pages: munmap(base - Self.margin, Self.mappedSize(byteCount))
        case .file: munmap(base, byteCount)
        }
    }

    /// Gives back the memory of the whole pages within `range` of a mapped file; they are read again when touched.
    func discardPages(_ range: Range<Int>) {
        guard origin == .file else { return }
        let page = Int(getpagesize())
        let (start, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        if start < end { madvise(base + start, end - start, MADV_DONTNEED) }
    }
}
