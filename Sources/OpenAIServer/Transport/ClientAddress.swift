import NIOCore

/// Where a client is, as connections are counted: an IPv4 address, or the network of 64 bits that an IPv6 address is in,
/// since one client usually has all of it.
struct ClientAddress: Sendable, Hashable {
    private let bytes: [UInt8]

    /// All clients without an address, such as those of a closed connection, count as one.
    init(_ address: SocketAddress?) {
        // Behind family and port, and for IPv6 a label.
        switch address {
        case .v4?: bytes = Self.bytes(address, 4..<8)
        case .v6?:
            let all = Self.bytes(address, 8..<24)
            let isMapped = all.count == 16 && all.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            bytes = isMapped ? Array(all.suffix(4)) : Array(all.prefix(8))
        case .unixDomainSocket?, nil: bytes = []
        }
    }

    /// The address, or the network, as a text.
    var name: String {
        bytes.count == 8
            ? bytes.map { String($0, radix: 16) }.joined(separator: ":") + "/64"
            : bytes.map { String($0) }.joined(separator: ".")
    }

    private static func bytes(_ address: SocketAddress?, _ range: Range<Int>) -> [UInt8] {
        address?.withSockAddr { pointer, size in
            Array(
                UnsafeRawBufferPointer(start: pointer, count: size).prefix(range.upperBound).dropFirst(range.lowerBound)
            )
        } ?? []
    }
}
