#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Host and port, as the Host header and URLs name them.
struct Authority: Sendable, Hashable {
    /// In lower case and without the dot of a full name; IPv6 addresses in brackets and in their shortest form.
    let host: String
    let port: Int?

    /// Nil for what names no host: with a user's name, with more than one colon, with characters that no name has.
    init?(_ text: some StringProtocol) {
        let text = text.lowercased()
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"),
                let address = Self.ipv6(String(text[text.index(after: text.startIndex)..<end]))
            else { return nil }
            host = "[\(address)]"
            rest = text[text.index(after: end)...]
        } else {
            let name = text.prefix { $0 != ":" }
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else { return nil }
            host = String(name.hasSuffix(".") ? name.dropLast() : name)
            guard !host.isEmpty else { return nil }
            rest = text[name.endIndex...]
        }
        guard rest.first == ":" || rest.isEmpty else { return nil }
        let digits = rest.dropFirst()
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        if digits.isEmpty {
            port = nil
        } else {
            guard let number = UInt16(digits) else { return nil }
            port = Int(number)
        }
    }

    /// Whether the host is an address and not a name.
    var isAddress: Bool {
        if host.hasPrefix("[") { return true }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1
    }

    /// Whether the host is this machine, for whoever asks.
    var isLoopback: Bool {
        host == "localhost" || host == "[::1]" || (isAddress && host.hasPrefix("127."))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    private static func ipv6(_ text: String) -> String? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        var characters = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, &address, &characters, socklen_t(characters.count)) != nil else { return nil }
        return String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
