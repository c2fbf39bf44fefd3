import Synchronization

/// How far one file of a download is.
package struct DownloadProgress: Sendable, Equatable {
    package enum Phase: Sendable, Equatable {
        /// Bytes arrive.
        case transferring
        /// Another download holds the file.
        case waiting
        /// Something failed that may pass; the next attempt starts after `delay`.
        case retrying(reason: String, delay: Duration)
        /// All bytes are here and their hash is compared.
        case verifying
        /// The file is in the cache, and was checked against the hub's hash.
        case verified
        /// The file is in the cache; the hub gave no hash, so that only its size was checked.
        case complete
        /// The file was in the cache already.
        case cached
    }

    package var file: String
    package var phase: Phase
    /// Of this file; the total is nil while the hub has not said it.
    package var byteCount: Int
    package var totalByteCount: Int?
    /// Of all files of the download.
    package var overallByteCount: Int
    package var overallTotalByteCount: Int
}

/// Adds up the progress of files that arrive at the same time, and reports it not too often.
final class ProgressLedger: Sendable {
    private struct State {
        var byteCounts: [String: Int] = [:]
        var overallByteCount = 0
        var lastReport: [String: ContinuousClock.Instant] = [:]
    }

    private let state = Mutex(State())
    private let overallTotalByteCount: Int
    private let interval: Duration
    private let report: @Sendable (DownloadProgress) -> Void

    init(
        files: [RemoteFile],
        interval: Duration = .milliseconds(100),
        report: @escaping @Sendable (DownloadProgress) -> Void
    ) {
        overallTotalByteCount = files.reduce(0) { sum, file in
            let (total, overflow) = sum.addingReportingOverflow(file.byteCount ?? 0)
            return overflow ? .max : total
        }
        self.interval = interval
        self.report = report
    }

    /// Says that `file` has `byteCount` bytes now; a change of phase is always reported, bytes alone at intervals.
    func update(_ file: RemoteFile, _ phase: DownloadProgress.Phase, byteCount: Int) {
        let progress: DownloadProgress? = state.withLock { state in
            state.overallByteCount += byteCount - (state.byteCounts.updateValue(byteCount, forKey: file.name) ?? 0)
            if phase == .transferring {
                let now = ContinuousClock.now
                if let last = state.lastReport[file.name], now - last < interval { return nil }
                state.lastReport[file.name] = now
            }
            return DownloadProgress(
                file: file.name,
                phase: phase,
                byteCount: byteCount,
                totalByteCount: file.byteCount,
                overallByteCount: state.overallByteCount,
                overallTotalByteCount: overallTotalByteCount
            )
        }
        if let progress { report(progress) }
    }
}
