import BatchJobs
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Synchronization

/// Takes a file in, from the network to the disk, a piece at a time.
struct FileUpload: Sendable {
    let folder: BatchFolder
    let configuration: ServerConfiguration
    let owner: String

    /// Bytes of a form beside the file's.
    private static let formByteCount = 64 << 10
    private static let fields = ["purpose", "expires_after[anchor]", "expires_after[seconds]"]

    /// What a form has brought.
    private struct Form {
        var values: [String: String] = [:]
        var id = ""
        var name = ""
        var file: NewFile?
        /// Bytes of the values.
        var byteCount = 0
    }

    /// How much came since one last looked.
    private final class Progress: Sendable {
        private let state = Mutex((byteCount: 0, isWaiting: false))

        func await() { state.withLock { $0.isWaiting = true } }

        func receive(_ count: Int) {
            state.withLock { state in
                state.byteCount += count
                state.isWaiting = false
            }
        }

        /// Whether at least so many bytes came, or the client was kept waiting itself.
        func look(atLeast count: Int) -> Bool {
            state.withLock { state in
                defer { state.byteCount = 0 }
                return state.byteCount >= count || !state.isWaiting
            }
        }
    }

    private enum Part {
        case file(NewFile)
        case field(String)
        case other
    }

    /// Reads the request and lists its file.
    ///
    /// Throws a 400 for a form that is not as it must be, a 408 when nothing of it comes for a while, a 413 when the file is
    /// too long, and what `BatchFolder.keep` throws.
    func receive(_ request: Request, _ context: ServerContext) async throws -> StoredFile {
        let most = configuration.batches.fileByteCount
        try await request.acceptBody(context, limit: most + Self.formByteCount)
        let form = try await read(request)
        guard form.values["purpose"] == "batch" else {
            throw APIError.invalid("purpose", "'purpose' is 'batch': batches are what files are for here")
        }
        guard let file = form.file else { throw APIError.invalid("file", "the form has no part 'file'") }
        var lifetime = BatchFolder.lifetime
        if let anchor = form.values["expires_after[anchor]"] {
            lifetime = try FileLifetime.seconds(anchor: anchor, seconds: form.values["expires_after[seconds]"])
        }
        let stored = StoredFile(
            id: form.id,
            owner: owner,
            name: form.name,
            purpose: "batch",
            byteCount: file.byteCount,
            created: .now,
            expires: .now + lifetime
        )
        try await folder.keep(file, as: stored)
        return stored
    }

    /// Reads a form for as long as enough of it keeps coming.
    private func read(_ request: Request) async throws -> Form {
        let progress = Progress()
        let patience = configuration.readTimeout
        let end = ContinuousClock.now + configuration.requestTimeout
        return try await withThrowingTaskGroup(of: Form?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    return try await form(request, progress)
                } catch  where !(error is CancellationError || error is APIError || error is BatchError) {
                    throw APIError.invalid(nil, "the body did not arrive whole")
                }
            }
            group.addTask {
                let least = Int(patience / .seconds(1)) * ConnectionGuard.slowestBody
                repeat {
                    let left = end - ContinuousClock.now
                    guard left > .zero else { break }
                    try await EventLoopTimer.sleep(for: min(patience, left))
                } while progress.look(atLeast: max(1, least))
                throw APIError(.requestTimeout, type: "timeout_error", "the body did not arrive in time")
            }
            guard case let whole?? = try await group.next() else { throw CancellationError() }
            return whole
        }
    }

    private func form(_ request: Request, _ progress: Progress) async throws -> Form {
        var (form, part, count) = (Form(), Part.other, 0)
        let most = configuration.batches.fileByteCount + Self.formByteCount
        var pieces = request.body.makeAsyncIterator()
        func next() async throws -> [UInt8]? {
            progress.await()
            guard let piece = try await pieces.next() else { return nil }
            progress.receive(piece.readableBytes)
            count += piece.readableBytes
            guard count <= most else { throw APIError.tooLarge(most) }
            return Array(buffer: piece)
        }
        do {
            var reader = try MultipartReader(contentType: request.headers[.contentType] ?? "")
            while let piece = try await next() {
                for event in try reader.append(piece) {
                    switch event {
                    case .part(let name, let filename): part = try begin(name, filename, &form)
                    case .bytes(let bytes): try await add(bytes, to: part, &form)
                    }
                }
            }
            try reader.finish()
            return form
        } catch let failure as MultipartReader.Failure {
            // A client that is still sending might not hear of it.
            while try await next() != nil {}
            throw APIError.invalid(nil, failure.message)
        }
    }

    private func begin(_ name: String, _ filename: String?, _ form: inout Form) throws -> Part {
        if Self.fields.contains(name), filename == nil {
            guard form.values.updateValue("", forKey: name) == nil else {
                throw APIError.invalid(name, "'\(name)' is there twice")
            }
            return .field(name)
        }
        guard name == "file" else { return .other }
        guard form.file == nil else { throw APIError.invalid("file", "'file' is there twice") }
        let (id, file) = try folder.newFile(owner: owner)
        (form.id, form.file) = (id, file)
        form.name = (filename ?? "").escaped(limit: 255)
        return .file(file)
    }

    private func add(_ bytes: [UInt8], to part: Part, _ form: inout Form) async throws {
        if case .file(let file) = part {
            let most = configuration.batches.fileByteCount
            guard file.byteCount + bytes.count <= most else { throw APIError.tooLarge(most) }
            return try await NIOThreadPool.singleton.runIfActive {
                try bytes.withUnsafeBytes { try file.append($0) }
            }
        }
        form.byteCount += bytes.count
        guard form.byteCount <= Self.formByteCount else { throw APIError.tooLarge(Self.formByteCount) }
        if case .field(let name) = part {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw APIError.invalid(name, "'\(name)' is not UTF-8 text")
            }
            form.values[name, default: ""] += text
        }
    }
}
