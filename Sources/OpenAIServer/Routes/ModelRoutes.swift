import Foundation
import Hummingbird

/// `/v1/models` and `/v1/models/{id}`.
struct ModelRoutes: Sendable {
    let model: ServedModel

    private struct Entry: Encodable {
        var id: String
        var object = "model"
        var created: Int
        var ownedBy = "kongur"
        /// As vLLM has it: the most tokens of prompt and answer.
        var maxModelLen: Int
    }

    private struct List: Encodable {
        var object = "list"
        var data: [Entry]
    }

    func add(to router: Router<ServerContext>) {
        router.get("/v1/models") { _, _ in try Response(json: List(data: model.names.map(entry))) }
        router.get("/v1/models/**") { _, context in
            let name = context.parameters.getCatchAll().joined(separator: "/")
            guard let known = model.names.first(where: { $0 == name || $0 == name.removingPercentEncoding }) else {
                throw APIError.modelNotFound(name)
            }
            return try Response(json: entry(known))
        }
    }

    private func entry(_ name: String) -> Entry {
        Entry(id: name, created: model.created, maxModelLen: model.limits.contextLength)
    }
}
