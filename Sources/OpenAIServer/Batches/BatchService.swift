import BatchJobs
import HTTPTypes
import Logging

/// The files and batches of a server that has a folder for them.
struct BatchService: Sendable {
    let folder: BatchFolder
    let runner: BatchRunner

    init(
        _ service: CompletionService,
        _ folder: BatchFolder,
        _ configuration: BatchConfiguration,
        _ report: BatchReport,
        _ keys: KeyRing,
        _ logger: Logger
    ) {
        self.folder = folder
        runner = BatchRunner(folder, BatchAnswering(service: service), configuration, report, keys, logger)
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
