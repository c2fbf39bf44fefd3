/// A place in a trace, as W3C's Trace Context writes it in `traceparent` and `traceresponse`.
struct TraceContext: Sendable, Hashable {
    /// 32 hexadecimal digits, not all of them 0.
    let traceID: String
    /// 16 hexadecimal digits, not all of them 0.
    let spanID: String
    /// Two hexadecimal digits; 01 says that somebody records the trace.
    let flags: String

    /// The beginning of a trace that nobody records.
    init() {
        traceID = Self.digits(.random(in: 1 ... .max)) + Self.digits(.random(in: .min ... .max))
        spanID = Self.digits(.random(in: 1 ... .max))
        flags = "00"
    }

    /// Nil for what is no `traceparent`; versions after 00 may have more behind the four fields that are known.
    init?(_ header: String) {
        let fields = header.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard fields.count >= 4, zip(fields, [2, 32, 16, 2]).allSatisfy({ Self.isHexadecimal($0, $1) }),
            fields[0] != "ff", fields[0] != "00" || fields.count == 4,
            [fields[1], fields[2]].allSatisfy({ $0.contains { $0 != "0" } })
        else { return nil }
        (traceID, spanID, flags) = (fields[1], fields[2], fields[3])
    }

    private init(traceID: String, spanID: String, flags: String) {
        (self.traceID, self.spanID, self.flags) = (traceID, spanID, flags)
    }

    var header: String { "00-\(traceID)-\(spanID)-\(flags)" }

    /// A new place in the same trace.
    func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: TraceContext().spanID, flags: flags)
    }

    private static func digits(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    private static func isHexadecimal(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }
}
