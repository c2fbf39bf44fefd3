import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

extension Request {
    /// Refuses a body that cannot be read or is said to be longer than `limit` bytes; asks for one that waits to be asked for.
    ///
    /// Throws a 413 for one that is too long, a 415 for one that is compressed, and a 417 for what cannot be expected.
    func acceptBody(_ context: ServerContext, limit: Int) async throws {
        if let encoding = headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw APIError(
                .unsupportedMediaType,
                type: "invalid_request_error",
                "bodies must not be compressed: send it without Content-Encoding"
            )
        }
        let expected = headers[.expect]
        guard expected == nil || expected?.lowercased() == "100-continue" else {
            throw APIError(
                .expectationFailed,
                type: "invalid_request_error",
                "the one thing to expect is 100-continue: leave Expect out"
            )
        }
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw APIError.tooLarge(limit) }
        // A body that is refused is refused before it is sent.
        if expected != nil {
            try await context.channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
        }
    }
}
