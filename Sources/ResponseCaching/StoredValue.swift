import Crypto

/// A value as it lies in a file or on another machine: with a version and a checksum.
///
/// The checksum is over the key as well, so that the value of another key is as wrong as a damaged one. It guards
/// against damage and confusion, not against somebody who may write to the store.
enum StoredValue {
    private static let version: UInt8 = 1

    static func wrap(_ value: [UInt8], for key: CacheKey) -> [UInt8] {
        [version] + checksum(value, key) + value
    }

    /// The value; nil when it is of another version, damaged, or another key's.
    static func unwrap(_ bytes: [UInt8], for key: CacheKey) -> [UInt8]? {
        let header = 1 + SHA256.byteCount
        guard bytes.count >= header, bytes[0] == version else { return nil }
        let value = Array(bytes[header...])
        return bytes[1..<header].elementsEqual(checksum(value, key)) ? value : nil
    }

    private static func checksum(_ value: [UInt8], _ key: CacheKey) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: key.digest)
        hash.update(data: value)
        return Array(hash.finalize())
    }
}
