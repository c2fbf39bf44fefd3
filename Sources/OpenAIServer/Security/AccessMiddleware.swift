import HTTPTypes
import Hummingbird

/// Lets in who may come in: the right host, no page of a stranger, a key where keys are needed.
///
/// Every route that is not listed as open needs a key, also one that does not exist.
struct AccessMiddleware: RouterMiddleware {
    let keys: KeyRing
    let origins: OriginRules
    /// Paths that need no key.
    let open: Set<String>

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        // Probes ask by whatever address they have, and learn nothing.
        if !HealthRoutes.open.contains(request.uri.path) { try origins.checkHost(request.head.authority) }
        let origin = request.headers[.origin]
        if let origin {
            try origins.checkOrigin(origin, host: request.head.authority)
            if request.method == .options, request.headers.contains(.accessControlRequestMethod) {
                return Response(status: .noContent, headers: origins.preflight(origin))
            }
        }
        do {
            try authenticate(request, context)
            var response = try await next(request, context)
            if let origin { response.headers.append(contentsOf: origins.headers(origin)) }
            return response
        } catch var error as APIError {
            // A page must be able to read why it was refused.
            if let origin { error.headers.append(contentsOf: origins.headers(origin)) }
            throw error
        }
    }

    private func authenticate(_ request: Request, _ context: ServerContext) throws(APIError) {
        guard keys.isNeeded, !open.contains(request.uri.path) else { return }
        guard let shown = try Self.shown(request), let key = keys.key(shown) else {
            throw APIError(
                .unauthorized,
                type: "invalid_request_error",
                "give a key that this server knows, as Authorization: Bearer KEY",
                code: "invalid_api_key"
            )
        }
        context.record.authenticate(key)
    }

    /// The key that a request shows.
    ///
    /// Some routers (SGLang's) send the client's header and one of their own: the same key twice is one. Of two keys nobody
    /// can say which is meant.
    private static func shown(_ request: Request) throws(APIError) -> String? {
        for name in [HTTPField.Name.authorization, .apiKey] {
            let values = request.headers[values: name]
            guard let header = values.first else { continue }
            guard values.allSatisfy({ $0 == header }) else {
                throw APIError(
                    .unauthorized,
                    type: "invalid_request_error",
                    "\(name) is there \(values.count) times with different keys: send one",
                    code: "invalid_api_key"
                )
            }
            if name == .apiKey { return header }
            let words = header.split(separator: " ", maxSplits: 1)
            return words.count == 2 && words[0].lowercased() == "bearer" ? String(words[1]) : nil
        }
        return nil
    }
}

/// Lets in holders of an admin's key, where keys are needed.
///
/// Belongs to routes and not to paths, of which one route has several.
struct AdminMiddleware: RouterMiddleware {
    let keys: KeyRing

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard !keys.isNeeded || context.record.key?.role == .admin else {
            throw APIError(
                .forbidden,
                type: "invalid_request_error",
                "this needs an admin's key",
                code: "admin_key_required"
            )
        }
        return try await next(request, context)
    }
}
