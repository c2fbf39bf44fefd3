/// Where a server keeps files and batches, and how much of them.
package struct BatchConfiguration: Sendable {
    /// Nil does without them.
    package var folder: String?
    /// Lines that are asked at once.
    package var concurrency = 32
    /// Lines of one batch.
    package var lines = 50_000
    /// Bytes of one file.
    package var fileByteCount = 200 << 20
    /// Files of all holders together.
    package var files = 1000
    /// Bytes of all files together.
    package var byteCount = 10 << 30
}
