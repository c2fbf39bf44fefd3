import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1

/// Brings the files of one revision into the cache.
struct SnapshotDownload {
    let transport: HubTransport
    let cache: HubCache
    let repository: RepositoryName
    let revision: Revision
    let progress: @Sendable (DownloadProgress) -> Void

    private var configuration: HubConfiguration { transport.configuration }

    /// Returns the folder of the snapshot when all of it is there.
    func run() async throws(HubError) -> String {
        let listing = try await list()
        try cache.prepare(repository, commit: listing.commit)
        let files = try await concurrently(listing.files) { (name) throws(HubError) in
            try await describe(name, at: listing.commit)
        }
        try checkSpace(for: files)
        let ledger = ProgressLedger(files: files, report: progress)
        let snapshot = cache.snapshot(listing.commit, of: repository)
        // The smallest first, so that what a user has typed wrongly shows before gigabytes have passed.
        let ordered = files.sorted { ($0.byteCount ?? 0, $0.name) < ($1.byteCount ?? 0, $1.name) }
        _ = try await concurrently(ordered) { (file) throws(HubError) in
            if BoundedFile.exists("\(snapshot)/\(file.name)") {
                ledger.update(file, .cached, byteCount: file.byteCount ?? 0)
                return
            }
            try await FileDownload(
                transport: transport,
                cache: cache,
                repository: repository,
                commit: listing.commit,
                file: file,
                ledger: ledger
            ).run()
        }
        try cache.record(revision, at: listing.commit, of: repository)
        return snapshot
    }

    private func list() async throws(HubError) -> RepositoryListing {
        let subject = "\(repository) at revision \(revision.text)"
        let url = try transport.address("/api/models/\(repository)/revision/\(revision.text.percentEncoded)")
        let json = try await configuration.retry.run { () throws(HubError) in
            let response = try await transport.send(.GET, url, about: subject)
            return try await transport.body(of: response, from: url, limit: 16 << 20)
        }
        return try RepositoryListing(
            json: json,
            about: subject,
            includesDocumentation: configuration.includesDocumentation
        )
    }

    private func describe(_ name: String, at commit: String) async throws(HubError) -> RemoteFile {
        let subject = "\(repository)/\(name)"
        let url = try transport.address("/\(repository)/resolve/\(commit)/\(name.percentEncodedPath)")
        return try await configuration.retry.run { () throws(HubError) in
            let response = try await transport.send(.HEAD, url, about: subject, isEnough: RemoteFile.describes)
            return try RemoteFile(
                name: name,
                headers: response.headers,
                isRedirect: response.status.code >= 300,
                commit: commit,
                about: subject
            )
        }
    }

    /// Throws `.noSpace` when what is still missing does not fit.
    private func checkSpace(for files: [RemoteFile]) throws(HubError) {
        var needed = 0
        var seen: Set<String> = []
        for file in files where seen.insert(file.etag).inserted {
            let blob = cache.blob(file.etag, of: repository)
            guard !BoundedFile.exists(blob), let byteCount = file.byteCount else { continue }
            let present = BoundedFile.byteCount("\(blob).incomplete") ?? 0
            let (sum, overflow) = needed.addingReportingOverflow(max(0, byteCount - present))
            needed = overflow ? .max : sum
        }
        guard let available = cache.availableByteCount(), needed > available else { return }
        throw HubError(
            .noSpace,
            "\(repository) needs \(needed >> 20) MiB more in \(cache.folder), where \(available >> 20) MiB are free: free some space, or set HF_HUB_CACHE to another folder"
        )
    }

    /// Runs `body` on each item, a few at a time; the first failure cancels the rest.
    private func concurrently<Item: Sendable, Value: Sendable>(
        _ items: [Item],
        _ body: @escaping @Sendable (Item) async throws(HubError) -> Value
    ) async throws(HubError) -> [Value] {
        do {
            return try await withThrowingTaskGroup(of: (Int, Value).self) { group in
                var values = [Value?](repeating: nil, count: items.count)
                for (index, item) in items.enumerated() {
                    if index >= max(1, configuration.concurrentTransfers), let (done, value) = try await group.next() {
                        values[done] = value
                    }
                    group.addTask { (index, try await body(item)) }
                }
                while let (done, value) = try await group.next() { values[done] = value }
                return values.compactMap { $0 }
            }
        } catch let error as HubError {
            throw error
        } catch {
            throw .wasCancelled
        }
    }
}
