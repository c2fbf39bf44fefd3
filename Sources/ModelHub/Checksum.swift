import Crypto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The hash that a hub's ETag is of a file's content.
enum Checksum: Sendable, Equatable {
    /// Of a file in large file storage: the SHA-256 of the content.
    case sha256(String)
    /// Of a file in the git repository: the SHA-1 of `blob SIZE`, a zero byte and the content.
    case gitBlob(String)

    /// Nil when the ETag is no hash that we know.
    init?(etag: String) {
        guard etag.utf8.allSatisfy(\.isHexDigit) else { return nil }
        switch etag.utf8.count {
        case 64: self = .sha256(etag)
        case 40: self = .gitBlob(etag)
        default: return nil
        }
    }

    /// Whether the `byteCount` bytes of the open file hash to this; reads all of it.
    func matches(_ descriptor: CInt, byteCount: Int, path: String) throws(HubError) -> Bool {
        switch self {
        case .sha256(let expected):
            return try Self.hash(SHA256(), descriptor, path: path) == expected
        case .gitBlob(let expected):
            var hash = Insecure.SHA1()
            hash.update(data: Array("blob \(byteCount)\0".utf8))
            return try Self.hash(hash, descriptor, path: path) == expected
        }
    }

    private static func hash(_ start: some HashFunction, _ descriptor: CInt, path: String) throws(HubError) -> String {
        var hash = start
        var offset = 0
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { chunk.deallocate() }
        while true {
            let count = pread(descriptor, chunk.baseAddress, chunk.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("cannot be read back", path) }
            if count == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
            offset += count
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }
}
