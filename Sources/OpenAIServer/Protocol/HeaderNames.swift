import HTTPTypes

extension HTTPField.Name {
    static let accelBuffering = named("X-Accel-Buffering")
    static let apiKey = named("X-Api-Key")
    /// Whether the answer was computed for this request, was being computed for another one, or was kept.
    static let cacheOrigin = named("X-Kongur-Cache")
    /// The fields of the request that nobody knows and that were passed over.
    static let ignoredFields = named("X-Kongur-Ignored")
    /// A word to people who ask in Chinese.
    static let languageHint = named("X-Kongur-Hint")
    static let openerPolicy = named("Cross-Origin-Opener-Policy")
    /// The parts of a schema that the answer is not held to, where the request allowed that.
    static let relaxed = named("X-Kongur-Relaxed")
    static let referrerPolicy = named("Referrer-Policy")
    static let requestID = named("X-Request-Id")
    static let traceparent = named("traceparent")
    static let traceresponse = named("traceresponse")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("'\(text)' is no name of a header") }
        return name
    }
}
