import HTTPTransport
import NIOHTTP1

/// One file of a commit as the hub describes it.
struct RemoteFile: Sendable, Equatable {
    let name: String
    /// The hash of the content, which is also the name of the file in `blobs/`.
    let etag: String
    let byteCount: Int?

    init(name: String, etag: String, byteCount: Int?) {
        self.name = name
        self.etag = etag
        self.byteCount = byteCount
    }

    /// Reads the headers that answer a HEAD request for a file of `commit`.
    ///
    /// The `X-Linked-` headers describe a file in large file storage, and stand before those of the answer itself, which
    /// may be a redirect. Throws `.invalidResponse` when they leave out what is needed.
    init(name: String, headers: HTTPHeaders, isRedirect: Bool, commit: String, about subject: String) throws(HubError) {
        func refuse(_ reason: String) -> HubError {
            HubError(
                .invalidResponse,
                "\(subject): \(reason), so this is not the answer of a model hub: check HF_ENDPOINT"
            )
        }
        guard let answered = headers.first(name: "X-Repo-Commit") else {
            throw refuse("no X-Repo-Commit in the answer")
        }
        guard answered == commit else {
            throw refuse("commit \(answered.shortened) in the answer instead of \(commit)")
        }
        guard let text = headers.first(name: "X-Linked-Etag") ?? headers.first(name: "ETag") else {
            throw refuse("no ETag in the answer")
        }
        var etag = text[...]
        if etag.hasPrefix("W/") { etag = etag.dropFirst(2) }
        if etag.hasPrefix("\""), etag.hasSuffix("\""), etag.utf8.count >= 2 { etag = etag.dropFirst().dropLast() }
        guard (1...128).contains(etag.utf8.count), etag.utf8.allSatisfy(\.isNameCharacter), etag.first != ".",
            !etag.hasSuffix(".incomplete")
        else {
            throw refuse("ETag \(text.shortened) cannot be the name of a file")
        }
        let size = headers.first(name: "X-Linked-Size") ?? (isRedirect ? nil : headers.first(name: "Content-Length"))
        let byteCount = size.flatMap { Int($0) }
        guard size == nil || (byteCount ?? -1) >= 0 else { throw refuse("\"\(size?.shortened ?? "")\" as the size") }
        self.init(name: name, etag: String(etag), byteCount: byteCount)
        guard byteCount != nil || Checksum(etag: self.etag) != nil else {
            throw refuse("neither a size nor a hash in the answer")
        }
    }

    /// Whether `headers` of a redirect already describe the file, so that it need not be followed.
    static func describes(_ headers: HTTPHeaders) -> Bool {
        headers.contains(name: "X-Repo-Commit") && headers.contains(name: "X-Linked-Etag")
    }
}
