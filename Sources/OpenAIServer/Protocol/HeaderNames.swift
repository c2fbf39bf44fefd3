import HTTPTypes

extension HTTPField.Name {
    static let accelBuffering = named("X-Accel-Buffering")
    static let apiKey = named("X-Api-Key")
    /// Whether the answer was computed for this request, was being computed for another one, or was kept.
    static let cacheOrigin = named("X-Kongur-Cache")
    /// A word to people who ask in Chinese.
    static let languageHint = named("X-Kongur-Hint")
    static let openerPolicy = named("Cross-Origin-Opener-Policy")
    static let referrerPolicy = named("Referrer-Policy")
    static let requestID = named("X-Request-Id")
    static let traceparent = named("traceparent")
    static let traceresponse = named("traceresponse")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("'\(text)' is no name of a header") }
        return name
    }
}
