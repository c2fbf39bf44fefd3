import HTTPTypes
import Hummingbird

extension Router<ServerContext> {
    private static let standardMethods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
    ]

    /// Answers the methods that a path does not have: OPTIONS with those that it has, the others with a 405.
    ///
    /// For the end, when all routes are there.
    func addOtherMethods() {
        for (path, routes) in Dictionary(grouping: routes, by: \.path.description) {
            var methods = Set(routes.map(\.method))
            if methods.contains(.get) { methods.insert(.head) }
            let allowed = methods.union([.options]).map(\.rawValue).sorted().joined(separator: ", ")
            for method in Self.standardMethods where !methods.contains(method) {
                on(RouterPath(path), method: method) { request, _ in
                    if method == .options { return Response(status: .noContent, headers: [.allow: allowed]) }
                    var error = APIError(
                        .methodNotAllowed,
                        type: "invalid_request_error",
                        "\(request.uri.path.escaped(limit: 200)) takes \(allowed), and not \(method.rawValue)",
                        code: "method_not_allowed"
                    )
                    error.headers[.allow] = allowed
                    throw error
                }
            }
        }
    }
}
