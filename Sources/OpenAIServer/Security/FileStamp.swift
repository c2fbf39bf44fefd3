import Foundation

/// What tells that a file has been changed.
struct FileStamp: Hashable, Sendable {
    private let modified: Date?
    private let size: Int?
    private let file: Int?

    /// Nil when there is no file.
    init?(_ path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        modified = attributes[.modificationDate] as? Date
        size = (attributes[.size] as? NSNumber)?.intValue
        file = (attributes[.systemFileNumber] as? NSNumber)?.intValue
    }
}
