/// What is the same in every part of a response.
struct ResponseIdentity: Sendable {
    var id: String
    /// Seconds since 1970.
    var created: Int
    var model: String
    var fingerprint: String

    /// A name that no other response has.
    static func newID(_ prefix: String) -> String {
        let digits = (0..<2).map { _ in
            let text = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return prefix + digits.joined().prefix(24)
    }
}

/// The object around choices: a whole response, or a chunk of a stream.
struct ResponseObject<Choice: Encodable>: Encodable {
    var id: String
    var object: String
    var created: Int
    var model: String
    var systemFingerprint: String
    var choices: [Choice]
    var usage: StreamUsage?
    /// With the usage; absent when the answers were kept ones.
    var timings: Timings?

    init(_ object: String, _ identity: ResponseIdentity, choices: [Choice], usage: StreamUsage?) {
        self.object = object
        id = identity.id
        created = identity.created
        model = identity.model
        systemFingerprint = identity.fingerprint
        self.choices = choices
        self.usage = usage
        if case .told(let usage) = usage { timings = usage.timings }
    }
}

/// What it cost; in the chunks of a stream null until the last one.
enum StreamUsage: Encodable, Sendable {
    case later
    case told(Usage)

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .later: try container.encodeNil()
        case .told(let usage): try container.encode(usage)
        }
    }
}
