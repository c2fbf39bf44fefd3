import BatchJobs
import Hummingbird
import Tokenizers

/// `/v1/batches`.
///
/// Each holder of a key sees its own batches alone.
struct BatchRoutes: Sendable {
    let jobs: BatchService?
    let service: CompletionService

    /// Seconds of the one window that there is, as at OpenAI.
    private static let windows = ["24h": 86_400]

    func add(to router: Router<ServerContext>) {
        router.post("/v1/batches") { request, context in
            let folder = try jobs.folder
            let owner = context.owner
            let batch = try await service.parse(request, context) { fields, _ in try Self.batch(fields, owner: owner) }
            try await folder.add(batch)
            await jobs?.runner.wake()
            return try Response(json: BatchObject(batch))
        }
        router.get("/v1/batches") { request, context in
            let page = try ListQuery(request).page(limit: 20, most: 100)
            let batches = try await jobs.folder.batches(owner: context.owner, page)
            return try Response(
                json: ListObject(
                    batches.elements.map(BatchObject.init),
                    ids: batches.elements.map(\.id),
                    hasMore: batches.hasMore
                )
            )
        }
        router.get("/v1/batches/:id") { _, context in
            let id = context.parameters.get("id") ?? ""
            guard let batch = try await jobs.folder.batch(id, owner: context.owner) else {
                throw BatchError(.notFound, "there is no batch '\(id.escaped(limit: 100))'")
            }
            return try Response(json: BatchObject(batch))
        }
        router.post("/v1/batches/:id/cancel") { _, context in
            let id = context.parameters.get("id") ?? ""
            let batch = try await jobs.folder.cancel(id, owner: context.owner, at: .now)
            await jobs?.runner.wake()
            return try Response(json: BatchObject(batch))
        }
    }

    private static func batch(_ fields: RequestFields, owner: String) throws(APIError) -> Batch {
        guard let file = try fields.string("input_file_id", maxLength: 256) else {
            throw .invalid("input_file_id", "'input_file_id' is missing: send a file to /v1/files first")
        }
        let endpoint = try fields.string("endpoint") ?? ""
        guard BatchAnswering.urls.contains(endpoint) else {
            throw .invalid("endpoint", "'endpoint' is one of \(BatchAnswering.urls.joined(separator: ", "))")
        }
        let window = try fields.string("completion_window") ?? ""
        guard let seconds = windows[window] else {
            throw .invalid("completion_window", "'completion_window' is \"24h\"")
        }
        var lifetime = BatchFolder.lifetime
        if let value = fields.value("output_expires_after") {
            lifetime = try FileLifetime.seconds(try RequestFields(value, path: "output_expires_after"))
        }
        return Batch(
            id: BatchFolder.newID("batch_"),
            owner: owner,
            endpoint: endpoint,
            inputFile: file,
            window: window,
            metadata: fields.value("metadata") == nil
                ? nil
                : try ResponsesRequest.metadata(fields).object.map { pairs in
                    Dictionary(uniqueKeysWithValues: zip(pairs.keys, pairs.values.map { $0.string ?? "" }))
                },
            created: .now,
            expires: .now + seconds,
            outputLifetime: lifetime
        )
    }
}
