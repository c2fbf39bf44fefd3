package import FoundationEssentials
import HTTPTransport

/// The way of one request through the redirects that the servers answer with.
///
/// The token goes along only while every address so far has the endpoint's origin: once the way has left it, a
/// server chose the address, and even one that leads back gets no token.
package struct Redirects {
    package private(set) var url: URL
    package private(set) var carriesToken: Bool
    private var followed = 0

    package static let limit = 8

    package init(to url: URL, endpoint: URL) {
        self.url = url
        carriesToken = Origin(url) == Origin(endpoint)
    }

    /// Goes on to `location`, which may be relative.
    ///
    /// Throws `.tooManyRedirects`, `.unsafeRedirect` for a step from https to anything else, and `.invalidResponse`
    /// for a location that is missing or no address.
    package mutating func follow(_ location: String?) throws(HubError) {
        followed += 1
        guard followed <= Self.limit else {
            throw HubError(
                .tooManyRedirects,
                "\(url.place) redirects in circles or more than \(Self.limit) times: check HF_ENDPOINT"
            )
        }
        guard let location, location.utf8.count <= 16384,
            let next = URL(string: location, relativeTo: url)?.absoluteURL, let origin = Origin(next)
        else {
            throw HubError(
                .invalidResponse,
                "\(url.place) redirects to \"\((location ?? "").shortened)\", which is not an address: check HF_ENDPOINT"
            )
        }
        if url.scheme?.lowercased() == "https", origin.scheme != "https" {
            throw HubError(
                .unsafeRedirect,
                "\(url.place) redirects from https to plain http at \(origin.host), which is not safe: check HF_ENDPOINT"
            )
        }
        carriesToken = carriesToken && origin == Origin(url)
        url = next
    }
}

extension URL {
    /// The address without its query, which may hold a signature.
    var place: String { String((absoluteString.split(separator: "?").first ?? "").prefix(300)) }
}
