import AsyncHTTPClient
import FoundationEssentials
import HTTPTransport
import NIOCore
import NIOHTTP1

/// Sends single requests to the hub, follows their redirects and turns failures into `HubError`.
struct HubTransport: Sendable {
    let configuration: HubConfiguration
    private let client: HTTPClient

    init(_ configuration: HubConfiguration) {
        self.configuration = configuration
        client = .plain(
            connectTimeout: configuration.connectTimeout,
            idleTimeout: configuration.idleTimeout,
            connections: max(8, configuration.concurrentTransfers)
        )
    }

    func shutDown() async {
        try? await client.shutdown()
    }

    /// The address of `path` below the endpoint; its segments must be percent-encoded already.
    func address(_ path: String) throws(HubError) -> URL {
        guard let url = URL(string: configuration.endpoint.absoluteString + path) else {
            throw HubError(.invalidConfiguration, "\(configuration.endpoint.absoluteString) is no address for a hub")
        }
        return url
    }

    /// Sends a request and follows redirects until an answer has succeeded.
    ///
    /// The body of the answer is still to come. `isEnough` may accept a redirect as the answer. Throws for every
    /// other answer, saying that it was about `subject`.
    func send(
        _ method: HTTPMethod,
        _ url: URL,
        headers: [(String, String)] = [],
        about subject: String,
        isEnough: (HTTPHeaders) -> Bool = { _ in false }
    ) async throws(HubError) -> HTTPClientResponse {
        var redirects = Redirects(to: url, endpoint: configuration.endpoint)
        while true {
            var request = HTTPClientRequest(url: redirects.url.absoluteString)
            request.method = method
            request.headers = HTTPHeaders(headers)
            request.headers.add(name: "User-Agent", value: "kongur")
            request.headers.add(name: "Accept-Encoding", value: "identity")
            if redirects.carriesToken, let token = configuration.token {
                request.headers.add(name: "Authorization", value: "Bearer \(token)")
            }
            let response: HTTPClientResponse
            do {
                response = try await client.execute(request, timeout: TimeAmount(bounding: configuration.answerTimeout))
            } catch {
                throw HubError(failedRequest: error, to: redirects.url)
            }
            switch response.status.code {
            case 200...299:
                return response
            case 301, 302, 303, 307, 308:
                if isEnough(response.headers) { return response }
                try redirects.follow(response.headers.first(name: "Location"))
            default:
                throw HubError(
                    status: response.status,
                    headers: response.headers,
                    from: redirects.url,
                    about: subject,
                    configuration: configuration,
                    isFromEndpoint: redirects.carriesToken
                )
            }
        }
    }

    /// The whole body of an answer of at most `limit` bytes, within the time that an answer may take.
    func body(of response: HTTPClientResponse, from url: URL, limit: Int) async throws(HubError) -> [UInt8] {
        let timeout = configuration.answerTimeout
        do {
            return try await withThrowingTaskGroup(of: [UInt8].self) { group in
                group.addTask {
                    var bytes: [UInt8] = []
                    for try await buffer in response.body {
                        guard bytes.count + buffer.readableBytes <= limit else {
                            throw HubError(
                                .invalidResponse,
                                "\(url.place) answers with more than \(limit >> 20) MiB, which is no listing: check HF_ENDPOINT"
                            )
                        }
                        bytes.append(contentsOf: buffer.readableBytesView)
                    }
                    try Task.checkCancellation()
                    return bytes
                }
                group.addTask {
                    try await Task.sleep(for: timeout)
                    throw HubError(.timedOut, "\(url.place) does not finish its answer within \(timeout)")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? []
            }
        } catch {
            throw HubError(failedRequest: error, to: url)
        }
    }
}

extension HubError {
    /// What an error of the HTTP client means to the user.
    init(failedRequest error: any Error, to url: URL) {
        if let error = error as? HubError {
            self = error
            return
        }
        let place = url.place
        switch TransportFailure(error) {
        case .cancelled:
            self = .wasCancelled
        case .timedOut:
            self.init(
                .timedOut,
                "\(place) does not answer in time: check the network, or try a mirror with HF_ENDPOINT"
            )
        case .unreachable:
            self.init(.unreachable, "cannot connect to \(place): check the network and HF_ENDPOINT", cause: error)
        case .insecureConnection:
            self.init(
                .insecureConnection,
                "\(place) has no certificate that this system trusts: check the clock, the system's certificates and HF_ENDPOINT",
                cause: error
            )
        case .connectionLost:
            self.init(.connectionLost, "the connection to \(place) failed", cause: error)
        }
    }
}
