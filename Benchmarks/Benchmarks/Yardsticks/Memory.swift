import CKernels

/// Memory to read from, more than any cache holds.
final class Memory {
    private let bytes: UnsafeMutableRawBufferPointer
    private var position = 0

    init() {
        bytes = .allocate(byteCount: 256 << 20, alignment: 64)
        // Pages that were never written are all the same one.
        bytes.initializeMemory(as: UInt8.self, repeating: 1)
    }

    deinit { bytes.deallocate() }

    /// Reads the next `count` bytes, and goes on at the start after the last.
    func read(_ count: Int) {
        var left = count
        while left > 0 {
            if position == bytes.count { position = 0 }
            let part = min(left, bytes.count - position)
            _ = ck_read(bytes.baseAddress.map { $0 + position }, Int64(part))
            // ck_read takes multiples of 1024.
            position += (part + 1023) / 1024 * 1024
            left -= part
        }
    }
}
