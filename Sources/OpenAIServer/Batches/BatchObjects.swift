import BatchJobs
import HTTPTypes

/// OpenAI's `file`.
struct FileObject: Encodable, Sendable {
    var id: String
    var object = "file"
    var bytes: Int
    var createdAt: Int
    var expiresAt: Int
    var filename: String
    var purpose: String
    var status = "processed"

    init(_ file: StoredFile) {
        id = file.id
        bytes = file.byteCount
        createdAt = file.created
        expiresAt = file.expires
        filename = file.name
        purpose = file.purpose
    }
}

/// What is told of a file that is gone.
struct DeletedFile: Encodable, Sendable {
    var id: String
    var object = "file"
    var deleted = true
}

/// A page of a list.
struct ListObject<Element: Encodable & Sendable>: Encodable, Sendable {
    var object = "list"
    var data: [Element]
    @Nullable var firstId: String?
    @Nullable var lastId: String?
    var hasMore: Bool

    init(_ data: [Element], ids: [String], hasMore: Bool) {
        self.data = data
        firstId = ids.first
        lastId = ids.last
        self.hasMore = hasMore
    }
}

/// OpenAI's `batch`.
struct BatchObject: Encodable, Sendable {
    struct Faults: Encodable, Sendable {
        var object = "list"
        var data: [Fault]
    }

    struct Fault: Encodable, Sendable {
        var code: String
        var message: String
        @Nullable var param: String?
        @Nullable var line: Int?
    }

    struct Counts: Encodable, Sendable {
        var total: Int
        var completed: Int
        var failed: Int
    }

    var id: String
    var object = "batch"
    var endpoint: String
    @Nullable var errors: Faults?
    var inputFileId: String
    var completionWindow: String
    var status: String
    @Nullable var outputFileId: String?
    @Nullable var errorFileId: String?
    var createdAt: Int
    @Nullable var inProgressAt: Int?
    var expiresAt: Int
    @Nullable var finalizingAt: Int?
    @Nullable var completedAt: Int?
    @Nullable var failedAt: Int?
    @Nullable var expiredAt: Int?
    @Nullable var cancellingAt: Int?
    @Nullable var cancelledAt: Int?
    var requestCounts: Counts
    @Nullable var metadata: [String: String]?

    init(_ batch: Batch) {
        id = batch.id
        endpoint = batch.endpoint
        let faults = batch.faults.map {
            Fault(code: $0.code, message: $0.message, param: $0.param, line: $0.line)
        }
        errors = faults.isEmpty ? nil : Faults(data: faults)
        inputFileId = batch.inputFile
        completionWindow = batch.window
        status = batch.status.rawValue
        outputFileId = batch.outputFile
        errorFileId = batch.errorFile
        createdAt = batch.created
        inProgressAt = batch.time(of: .inProgress)
        expiresAt = batch.expires
        finalizingAt = batch.time(of: .finalizing)
        completedAt = batch.time(of: .completed)
        failedAt = batch.time(of: .failed)
        expiredAt = batch.time(of: .expired)
        cancellingAt = batch.time(of: .cancelling)
        cancelledAt = batch.time(of: .cancelled)
        requestCounts = Counts(
            total: batch.counts.total,
            completed: batch.counts.completed,
            failed: batch.counts.failed
        )
        metadata = batch.metadata
    }
}

extension APIError {
    /// What a client is told of a folder's refusal.
    init(_ error: BatchError) {
        self =
            switch error.code {
            case .notFound: APIError(.notFound, type: "invalid_request_error", error.message, code: "not_found")
            case .inUse: APIError(.conflict, type: "invalid_request_error", error.message, code: "conflict")
            case .tooMuch:
                APIError(.tooManyRequests, type: "rate_limit_error", error.message, code: "limit_reached")
            case .busy:
                APIError(
                    .serviceUnavailable,
                    type: "server_error",
                    error.message,
                    code: "storage_busy",
                    retryAfter: 5
                )
            // What was wrong names paths of the server's: it is for the log.
            case .invalidLocation, .storage: .failed
            }
    }

    /// A fault of the server's, of which its log says more.
    static let failed = APIError(
        .internalServerError,
        type: "server_error",
        "the server failed; its log says more"
    )
}
