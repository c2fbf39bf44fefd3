#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Dates for `strftime_now`.
enum Calendar {
    /// Writes a moment in local time with the platform's `strftime`; empty when the result is longer than 4 KiB.
    static func text(of seconds: Int, format: String) -> String {
        guard !format.isEmpty else { return "" }
        var time = time_t(seconds)
        var parts = tm()
        guard localtime_r(&time, &parts) != nil else { return "" }
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress, $0.count, format, &parts) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func now() -> Int { time(nil) }
}
