import FoundationEssentials
import HTTPTransport

/// Where a server's API begins, as `http://127.0.0.1:8000/v1`.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// Takes an http or https address; one without a path gets OpenAI's, `/v1`.
    ///
    /// Throws `.invalidAddress` for anything else.
    package init(_ text: String) throws(OpenAIClientError) {
        guard let url = URL(string: text), Origin(url) != nil, url.query() == nil, url.fragment() == nil,
            url.user() == nil, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else {
            throw OpenAIClientError(
                .invalidAddress,
                "\"\(text.shortened)\" is no address of a server: give one such as http://127.0.0.1:8000 or https://example.org/v1"
            )
        }
        var base = Substring(text)
        while base.last == "/" { base.removeLast() }
        description = url.path().allSatisfy { $0 == "/" } ? base + "/v1" : String(base)
    }
}
