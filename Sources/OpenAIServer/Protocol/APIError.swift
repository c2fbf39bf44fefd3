package import HTTPTypes

/// What a client is told when a request cannot be answered, in OpenAI's shape.
package struct APIError: Error, Sendable, Hashable {
    package var status: HTTPResponse.Status
    /// OpenAI's kind of error, such as `invalid_request_error`.
    package var type: String
    package var message: String
    /// The field of the request that is wrong.
    package var param: String?
    package var code: String?
    /// Seconds after which it makes sense to ask again.
    package var retryAfter: Int?
    /// Further headers of the response.
    var headers = HTTPFields()

    init(
        _ status: HTTPResponse.Status,
        type: String,
        _ message: String,
        param: String? = nil,
        code: String? = nil,
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.type = type
        self.message = message
        self.param = param
        self.code = code
        self.retryAfter = retryAfter
    }

    /// A field with a value that is not allowed.
    static func invalid(_ param: String?, _ message: String, code: String? = nil) -> APIError {
        APIError(.badRequest, type: "invalid_request_error", message, param: param, code: code)
    }

    static func modelNotFound(_ name: String) -> APIError {
        APIError(
            .notFound,
            type: "invalid_request_error",
            "the model '\(name.escaped(limit: 100))' does not exist here; /v1/models lists what does",
            param: "model",
            code: "model_not_found"
        )
    }

    static func tooLarge(_ limit: Int) -> APIError {
        APIError(.contentTooLarge, type: "invalid_request_error", "the request is longer than \(limit) bytes")
    }

    /// There is no memory for a request beside the others.
    static func memoryFull(_ message: String) -> APIError {
        APIError(.serviceUnavailable, type: "overloaded_error", message, code: "memory_full", retryAfter: 1)
    }

    static let shuttingDown = APIError(
        .serviceUnavailable,
        type: "server_error",
        "the server is shutting down: ask another one, or this one again later",
        code: "shutting_down"
    )

    static let timedOut = APIError(
        .gatewayTimeout,
        type: "timeout_error",
        "the answer took longer than the server allows: ask for fewer tokens, or raise --request-timeout",
        code: "timeout"
    )
}

/// The body of an error: `{"error": {...}}`.
struct ErrorBody: Encodable {
    struct Fault: Encodable {
        var message: String
        var type: String
        @Nullable var param: String?
        @Nullable var code: String?
    }

    var error: Fault

    init(_ error: APIError) {
        self.error = Fault(message: error.message, type: error.type, param: error.param, code: error.code)
    }
}

extension String {
    /// The beginning of a text from outside, with control characters written out, for messages and logs.
    func escaped(limit: Int) -> String {
        var result = ""
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return unicodeScalars.count > limit ? result + "..." : result
    }
}
