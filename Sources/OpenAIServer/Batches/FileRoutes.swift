import BatchJobs
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix

/// `/v1/files`: what batches read and write.
///
/// Each holder of a key sees its own files alone.
struct FileRoutes: Sendable {
    let jobs: BatchService?
    let configuration: ServerConfiguration

    /// OpenAI's limit for a page.
    private static let longestPage = 10_000
    private static let purposes = ["batch", "batch_output"]
    /// Bytes that are read from the disk at once.
    private static let pieceByteCount = 256 << 10

    func add(to router: Router<ServerContext>) {
        router.post("/v1/files") { request, context in
            let upload = FileUpload(folder: try jobs.folder, configuration: configuration, owner: context.owner)
            let file = try await upload.receive(request, context)
            return try Response(json: FileObject(file))
        }
        router.get("/v1/files") { request, context in
            let query = ListQuery(request)
            let purpose = try query.word("purpose", of: Self.purposes)
            let page = try query.page(limit: Self.longestPage, most: Self.longestPage)
            let files = try await jobs.folder.files(owner: context.owner, purpose: purpose, page)
            return try Response(
                json: ListObject(
                    files.elements.map(FileObject.init),
                    ids: files.elements.map(\.id),
                    hasMore: files.hasMore
                )
            )
        }
        router.get("/v1/files/:id") { _, context in try Response(json: FileObject(try await file(context))) }
        router.delete("/v1/files/:id") { _, context in
            let id = context.parameters.get("id") ?? ""
            try await jobs.folder.removeFile(id, owner: context.owner)
            return try Response(json: DeletedFile(id: id))
        }
        router.get("/v1/files/:id/content") { _, context in try content(try await file(context)) }
    }

    private func file(_ context: ServerContext) async throws -> StoredFile {
        let id = context.parameters.get("id") ?? ""
        guard let file = try await jobs.folder.file(id, owner: context.owner) else {
            throw BatchError(.notFound, "there is no file '\(id.escaped(limit: 100))'")
        }
        return file
    }

    /// The bytes of a file as they are on the disk, a piece at a time.
    private func content(_ file: StoredFile) throws -> Response {
        let bytes = try ReadFile(jobs.folder.path(of: file.id))
        return Response(
            status: .ok,
            headers: [.contentType: "application/octet-stream"],
            body: ResponseBody(contentLength: file.byteCount) { writer in
                var offset = 0
                while offset < file.byteCount {
                    let (start, count) = (offset, min(Self.pieceByteCount, file.byteCount - offset))
                    let piece = try await NIOThreadPool.singleton.runIfActive {
                        try bytes.read(at: start, count: count)
                    }
                    guard piece.count == count else {
                        throw BatchError(.storage, "\(bytes.path): is shorter than it was")
                    }
                    try await writer.write(ByteBuffer(bytes: piece))
                    offset += count
                }
                try await writer.finish(nil)
            }
        )
    }
}

extension ServerContext {
    /// Who asks, as files and batches know it; all who need no key are one.
    var owner: String { record.key?.cacheSalt ?? "" }
}
