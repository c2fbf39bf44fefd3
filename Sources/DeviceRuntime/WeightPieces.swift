import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Hashes of the pieces of a file of weights, by which a part of it is checked without reading the rest.
struct WeightPieces {
    private static let pieceByteCount = 256 << 10
    /// Of the hash of each piece, which is to find damage and not to withstand anybody.
    private static let digestByteCount = 8
    private static let samples = 16

    private var digests = Data()
    private var hash = SHA256()
    private var byteCount = 0

    /// Adds what follows in the file.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.pieceByteCount - byteCount)
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: part))
            byteCount += part.count
            rest = rest.dropFirst(part.count)
            if byteCount == Self.pieceByteCount { endPiece() }
        }
    }

    /// The hashes as text.
    mutating func finish() -> String {
        if byteCount > 0 { endPiece() }
        return digests.base64EncodedString()
    }

    private mutating func endPiece() {
        digests.append(contentsOf: hash.finalize().prefix(Self.digestByteCount))
        (hash, byteCount) = (SHA256(), 0)
    }

    /// Where the first piece begins that is not as it was written, of the first, the last and some at random; nil when all
    /// of them are.
    static func fault(in bytes: UnsafeRawBufferPointer, of text: String) -> Int? {
        guard let digests = Data(base64Encoded: text).map(Array.init) else { return 0 }
        let count = (bytes.count + pieceByteCount - 1) / pieceByteCount
        guard digests.count == count * digestByteCount else { return 0 }
        guard count > 0 else { return nil }
        var pieces = Set([0, count - 1])
        for _ in 0..<samples { pieces.insert(Int.random(in: 0..<count)) }
        if count <= 2 * samples { pieces = Set(0..<count) }
        return pieces.sorted().first { piece in
            let start = piece * pieceByteCount
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pieceByteCount, bytes.count)])
            var hash = SHA256()
            hash.update(bufferPointer: part)
            return !hash.finalize().prefix(digestByteCount).elementsEqual(
                digests[piece * digestByteCount..<(piece + 1) * digestByteCount]
            )
        }.map { $0 * pieceByteCount }
    }
}
