import AsyncHTTPClient
import FoundationEssentials
import HTTPTransport
import NIOCore
import NIOHTTP1

/// Asks a server that speaks OpenAI's API: Kongur's, llama-server, vLLM, OpenVINO's and others.
package struct ModelServerClient: Sendable {
    package let address: ServerAddress
    private let key: String?
    private let http: HTTPClient

    /// The most bytes of an answer that is not streamed.
    private static let bodyLimit = 4 << 20
    /// A prompt may take a slow machine minutes before its first token.
    private static let silence = Duration.seconds(600)

    private init(_ address: ServerAddress, key: String?, connections: Int) {
        self.address = address
        self.key = key
        http = .plain(connectTimeout: .seconds(10), idleTimeout: Self.silence, connections: connections)
    }

    /// Opens a client, calls `body` with it and closes its connections, of which it has at most `connections` at a time.
    ///
    /// Throws `.invalidKey` for a key that cannot be sent, and what `body` throws.
    package static func with<Result: Sendable>(
        _ address: ServerAddress,
        key: String?,
        connections: Int = 8,
        _ body: (ModelServerClient) async throws -> Result
    ) async throws -> Result {
        guard key?.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) ?? true else {
            throw OpenAIClientError(.invalidKey, "the API key has spaces or characters in it that no key has")
        }
        let client = ModelServerClient(address, key: key, connections: connections)
        do {
            let result = try await body(client)
            try? await client.http.shutdown()
            return result
        } catch {
            try? await client.http.shutdown()
            throw error
        }
    }

    /// The names of the models that the server has, in its order.
    package func models() async throws(OpenAIClientError) -> [String] {
        struct List: Decodable {
            struct Entry: Decodable {
                var id: String
            }

            var data: [Entry]
        }
        let path = "/models"
        let response = try await send(.GET, path, body: nil, within: .seconds(30))
        let body = try await whole(response)
        do {
            // A name is printed: one with control characters would be a command to the terminal.
            return try JSONDecoder().decode(List.self, from: Data(body)).data.map(\.id).filter { name in
                !name.contains(where: \.hasControl)
            }
        } catch {
            throw unexpected(path, body, "is no list of models")
        }
    }

    /// What the server says of its devices, as JSON; only Kongur's has such a route.
    package func devices() async throws(OpenAIClientError) -> [UInt8] {
        try await whole(send(.GET, "/devices", body: nil, within: .seconds(30)))
    }

    /// Asks for an answer, which comes as a stream.
    ///
    /// Throws `.refused` when the server answers with an error, and `.invalidResponse` when with no stream of events.
    package func stream(_ request: AnswerRequest) async throws(OpenAIClientError) -> AnswerStream {
        let body: Data
        do {
            body = try JSONEncoder().encode(request)
        } catch {
            throw OpenAIClientError(.invalidResponse, "the request cannot be written as JSON", cause: error)
        }
        let headers: HTTPHeaders = request.usesCache ? [:] : ["Cache-Control": "no-store"]
        let response = try await send(.POST, request.path, headers, body: body, within: Self.silence)
        let type = response.headers.first(name: "Content-Type") ?? "nothing that it names"
        guard type.lowercased().hasPrefix("text/event-stream") else {
            throw unexpected(request.path, try await whole(response), "sends \(type.shortened), not a stream of events")
        }
        return AnswerStream(body: response.body, address: address)
    }

    /// Throws `.refused` for every status but 200 to 299, and what a failed connection means.
    private func send(
        _ method: HTTPMethod,
        _ path: String,
        _ headers: HTTPHeaders = [:],
        body: Data?,
        within limit: Duration
    ) async throws(OpenAIClientError) -> HTTPClientResponse {
        var request = HTTPClientRequest(url: address.description + path)
        request.method = method
        request.headers = headers
        request.headers.add(name: "User-Agent", value: "kongur")
        // A server may close a connection that was kept just when the next request is sent, and the request fails for nothing.
        request.headers.add(name: "Connection", value: "close")
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: TimeAmount(bounding: limit))
        } catch {
            throw OpenAIClientError(error, from: address)
        }
        guard (200...299).contains(response.status.code) else { throw await refusal(response, path) }
        return response
    }

    private func refusal(_ response: HTTPClientResponse, _ path: String) async -> OpenAIClientError {
        let body = (try? await whole(response)) ?? []
        let said = ErrorAnswer.message(in: body) ?? String(decoding: body.prefix(1000), as: UTF8.self).shortened
        let status = response.status
        let remedy =
            switch status.code {
            case 401 where key == nil: "; it wants a key: give --api-key, or set OPENAI_API_KEY"
            case 401, 403: "; it does not take this key"
            case 404, 405: "; check the address, which ends where the API begins, and the name of the model"
            default: ""
            }
        var error = OpenAIClientError(
            .refused,
            "\(address)\(path) answers \(status.code) \(status.reasonPhrase.shortened)"
                + (said.isEmpty ? "" : ": \(said)") + remedy,
            status: Int(status.code)
        )
        error.retryAfter = response.headers.first(name: "Retry-After").flatMap { Int($0) }.map { .seconds($0) }
        return error
    }

    private func whole(_ response: HTTPClientResponse) async throws(OpenAIClientError) -> [UInt8] {
        do {
            let bytes = try await response.body.collect(upTo: Self.bodyLimit)
            try Task.checkCancellation()
            return Array(bytes.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw OpenAIClientError(.invalidResponse, "\(address) answers with more than \(Self.bodyLimit >> 20) MiB")
        } catch {
            throw OpenAIClientError(error, from: address)
        }
    }

    private func unexpected(_ path: String, _ body: [UInt8], _ what: String) -> OpenAIClientError {
        if let message = ErrorAnswer.message(in: body) {
            return OpenAIClientError(.refused, "\(address)\(path) answers with an error: \(message)")
        }
        let text = String(decoding: body.prefix(1000), as: UTF8.self).shortened
        return OpenAIClientError(
            .invalidResponse,
            "\(address)\(path) \(what); check that the address is of a server with OpenAI's API. It answered: \(text)"
        )
    }
}
