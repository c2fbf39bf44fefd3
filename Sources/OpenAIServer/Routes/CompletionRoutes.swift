import Hummingbird

/// `/v1/chat/completions`, `/v1/completions` and `/v1/responses`.
struct CompletionRoutes: Sendable {
    let service: CompletionService

    func add(to router: Router<ServerContext>) {
        for endpoint in CompletionEndpoint.allCases {
            router.post(RouterPath(endpoint.rawValue)) { [service] request, context in
                let asked = try await service.parse(request, context) { try service.read(endpoint, $0, $1) }
                return try await service.answer(asked, context)
            }
        }
    }
}
