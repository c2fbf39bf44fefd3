import BatchJobs
import HTTPTypes
import Logging

/// The files and batches of a server that has a folder for them.
struct BatchService: Sendable {
    let folder: BatchFolder
    let runner: BatchRunner

    /// Nil where there is to be no folder; throws `BatchError` when it cannot be used.
    init?(
        _ service: CompletionService,
        _ configuration: BatchConfiguration,
        _ report: BatchReport,
        _ logger: Logger
    ) throws(BatchError) {
        guard let path = configuration.folder else { return nil }
        folder = try BatchFolder(
            path,
            limits: BatchFolder.Limits(
                fileByteCount: configuration.fileByteCount,
                files: configuration.files,
                byteCount: configuration.byteCount
            )
        )
        runner = BatchRunner(folder, BatchAnswering(service: service), configuration, report, logger)
    }
}

extension BatchService? {
    /// Throws a 404 that says how there would be one.
    var folder: BatchFolder {
        get throws(APIError) {
            guard let self else {
                throw APIError(
                    .notFound,
                    type: "invalid_request_error",
                    "this server has no batch jobs: start it with --batch-folder PATH",
                    code: "batches_off"
                )
            }
            return self.folder
        }
    }
}
