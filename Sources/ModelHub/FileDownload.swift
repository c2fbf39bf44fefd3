import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// Brings one file into `blobs/`: resumed, retried, checked.
struct FileDownload {
    let transport: HubTransport
    let cache: HubCache
    let repository: RepositoryName
    let commit: String
    let file: RemoteFile
    let ledger: ProgressLedger

    private var subject: String { "\(repository)/\(file.name)" }

    /// Returns when the file is in the snapshot.
    func run() async throws(HubError) {
        let blob = cache.blob(file.etag, of: repository)
        let ledger = self.ledger
        let lock = try await FileLock(cache.lock(file.etag, of: repository)) {
            ledger.update(file, .waiting, byteCount: 0)
        }
        if BoundedFile.exists(blob) {
            try cache.link(file, into: commit, of: repository)
            ledger.update(file, .cached, byteCount: file.byteCount ?? 0)
        } else {
            let phase = try await bring(to: blob)
            try cache.link(file, into: commit, of: repository)
            ledger.update(file, phase, byteCount: file.byteCount ?? 0)
        }
        _ = consume lock
    }

    private func bring(to blob: String) async throws(HubError) -> DownloadProgress.Phase {
        let checksum = Checksum(etag: file.etag)
        let incomplete = try IncompleteFile("\(blob).incomplete")
        var mismatches = 0
        while true {
            try await transfer(into: incomplete)
            let byteCount = try incomplete.byteCount()
            ledger.update(file, .verifying, byteCount: byteCount)
            let isRight = try await onBlockingThread { () throws(HubError) in
                guard try checksum.map({ (checksum) throws(HubError) in try incomplete.matches(checksum) }) ?? true
                else {
                    return false
                }
                try incomplete.commit(to: blob)
                return true
            }
            if isRight { return checksum == nil ? .complete : .verified }
            // What an earlier attempt left may be the culprit, so the whole file gets one more try.
            try incomplete.clear()
            mismatches += 1
            guard mismatches < 2 else {
                incomplete.remove()
                throw HubError(
                    .checksumMismatch,
                    "\(subject): what \(transport.configuration.endpoint.absoluteString) sends does not have the hash \(file.etag) that it announces, twice: pull again later, or from another HF_ENDPOINT"
                )
            }
            ledger.update(file, .retrying(reason: "the checksum does not match", delay: .zero), byteCount: 0)
        }
    }

    /// Sends requests until all bytes are there.
    private func transfer(into incomplete: IncompleteFile) async throws(HubError) {
        let policy = transport.configuration.retry
        var failures = 0
        while true {
            let start = try incomplete.byteCount()
            do throws(HubError) {
                return try await receive(into: incomplete)
            } catch {
                // An attempt that brought a good piece shows that the way is open.
                let count = try incomplete.byteCount()
                failures = count - start >= 1 << 20 ? 1 : failures + 1
                guard let delay = policy.delay(after: error, failures: failures) else {
                    throw error.givingUp(after: failures)
                }
                ledger.update(file, .retrying(reason: error.message, delay: delay), byteCount: count)
                try await pause(delay)
            }
        }
    }

    /// One request for the bytes that are missing.
    private func receive(into incomplete: IncompleteFile) async throws(HubError) {
        var offset = try incomplete.byteCount()
        if let total = file.byteCount {
            if offset > total {
                try incomplete.clear()
                offset = 0
            }
            if offset == total { return }
        }
        let url = try transport.address("/\(repository)/resolve/\(commit)/\(file.name.percentEncodedPath)")
        let response: HTTPClientResponse
        do throws(HubError) {
            response = try await transport.send(
                .GET,
                url,
                headers: offset > 0 ? [("Range", "bytes=\(offset)-")] : [],
                about: subject
            )
        } catch {
            // 416: the server does not know the bytes that we ask for; the part that we hold is not of this file.
            guard offset > 0, error.code == .invalidResponse else { throw error }
            try incomplete.clear()
            throw HubError(.connectionLost, error.message)
        }
        if offset > 0, !Self.continues(response, at: offset, total: file.byteCount) {
            // The server knows no ranges, or sends another one: start again, with this answer when it has everything.
            try incomplete.clear()
            offset = 0
            guard response.status == .ok else {
                throw HubError(.connectionLost, "\(subject): the server sends another part than was asked for")
            }
        }
        try await store(response, into: incomplete, at: offset)
    }

    private func store(
        _ response: HTTPClientResponse,
        into incomplete: IncompleteFile,
        at start: Int
    ) async throws(HubError) {
        let announced = response.headers.first(name: "Content-Length").flatMap { Int($0) }
        if let total = file.byteCount, let announced, announced != total - start {
            try incomplete.clear()
            throw mismatch("\(announced) bytes follow byte \(start)")
        }
        var offset = start
        do {
            for try await buffer in response.body {
                if let total = file.byteCount, buffer.readableBytes > total - offset {
                    try incomplete.clear()
                    throw mismatch("more follow")
                }
                try buffer.withUnsafeReadableBytes { try incomplete.write($0, at: offset) }
                offset += buffer.readableBytes
                ledger.update(file, .transferring, byteCount: offset)
            }
            try Task.checkCancellation()
        } catch {
            throw HubError(failedRequest: error, to: transport.configuration.endpoint)
        }
        guard offset == file.byteCount ?? offset else {
            throw HubError(.connectionLost, "\(subject): the server stopped after \(offset) bytes")
        }
    }

    private func mismatch(_ reason: String) -> HubError {
        HubError(
            .sizeMismatch,
            "\(subject): the hub announces \(file.byteCount ?? 0) bytes, but \(reason): pull again later, or from another HF_ENDPOINT"
        )
    }

    /// Whether an answer brings the bytes from `offset` on: `Content-Range: bytes OFFSET-END/TOTAL`.
    static func continues(_ response: HTTPClientResponse, at offset: Int, total: Int?) -> Bool {
        guard response.status == .partialContent, let range = response.headers.first(name: "Content-Range"),
            range.hasPrefix("bytes \(offset)-")
        else { return false }
        guard let total, let last = range.split(separator: "/").last, last != "*" else { return true }
        return Int(last) == total
    }
}

/// Runs work that waits for the disk where it holds up no other task.
private func onBlockingThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws(HubError) -> Value
) async throws(HubError) -> Value {
    do {
        return try await NIOThreadPool.singleton.runIfActive { try body() }
    } catch let error as HubError {
        throw error
    } catch {
        throw .wasCancelled
    }
}
