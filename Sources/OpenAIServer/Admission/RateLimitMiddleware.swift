import HTTPTypes
import Hummingbird
import InferenceEngine

/// Counts the requests of each account that make the server work, before anything of them is read and whatever becomes of
/// them.
struct RateLimitMiddleware: RouterMiddleware {
    let limit: RateLimit
    let report: EngineReport

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        if request.method == .post || request.method == .delete {
            do {
                try limit.take(context.account.name)
            } catch {
                report.rejected(error.code ?? error.type)
                throw error
            }
        }
        return try await next(request, context)
    }
}
