import FoundationEssentials
import HTTPTransport
import NIOHTTP1

extension HubError {
    /// What an answer without success means to the user.
    ///
    /// The hub says more in `X-Error-Code` and `X-Error-Message` than in the status.
    init(
        status: HTTPResponseStatus,
        headers: HTTPHeaders,
        from url: URL,
        about subject: String,
        configuration: HubConfiguration,
        isFromEndpoint: Bool
    ) {
        let hub = configuration.endpoint.absoluteString
        let hasToken = configuration.token != nil
        let detail = headers.first(name: "X-Error-Message").map { " (\"\($0.shortened)\")" } ?? ""
        switch (status.code, headers.first(name: "X-Error-Code")) {
        case (408, _), (425, _), (500..., _):
            self.init(.serverFailed, "\(url.place) answers \(status.code) \(status.reasonPhrase)\(detail)")
            retryAfter = RetryPolicy.retryAfter(headers.first(name: "Retry-After"))
        case (429, _):
            self.init(
                .rateLimited,
                "\(url.place) refuses more requests for now\(detail)"
                    + (hasToken ? "" : ": set HF_TOKEN for a higher limit")
            )
            retryAfter = RetryPolicy.retryAfter(headers.first(name: "Retry-After"))
        case (401, _) where !isFromEndpoint, (403, _) where !isFromEndpoint:
            // A signed address that has run out; the next attempt asks the hub for a new one.
            self.init(.serverFailed, "\(url.place) answers \(status.code)\(detail)")
        case (_, "GatedRepo"):
            self.init(
                .gated,
                "\(subject) is gated: accept its terms at \(hub) with your account"
                    + (hasToken ? ", whose token must be in HF_TOKEN" : ", and set HF_TOKEN to a token of that account")
                    + detail
            )
        case (_, "RevisionNotFound"):
            self.init(.revisionNotFound, "\(subject) does not exist on \(hub): check the revision\(detail)")
        case (_, "EntryNotFound"):
            self.init(.fileNotFound, "\(subject) does not exist on \(hub)\(detail)")
        case (401, _):
            self.init(
                .unauthorized,
                hasToken
                    ? "\(hub) refuses the token for \(subject): check the name, and HF_TOKEN or the file token in HF_HOME\(detail)"
                    : "\(subject) does not exist on \(hub) or is private: check the name, or set HF_TOKEN\(detail)"
            )
        case (403, _):
            self.init(
                .forbidden,
                "\(hub) does not allow \(subject)\(detail): "
                    + (hasToken
                        ? "the token in HF_TOKEN needs permission to read it"
                        : "set HF_TOKEN to a token that may read it")
            )
        case (404, _), (410, _):
            self.init(
                .repositoryNotFound,
                "\(subject) does not exist on \(hub): check the name and the revision"
                    + (hasToken ? "" : ", and set HF_TOKEN if it is private")
                    + detail
            )
        default:
            self.init(
                .invalidResponse,
                "\(url.place) answers \(status.code) \(status.reasonPhrase.shortened)\(detail): check HF_ENDPOINT"
            )
        }
    }
}
