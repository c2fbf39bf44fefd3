import Foundation
import Kongur

/// A file that a person asked a command to write.
enum OutputFile {
    /// Writes a text: the whole of it, or nothing.
    ///
    /// Throws `.failed` with the path and the system's reason.
    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw KongurError(.failed, "\(path): cannot be written: \(error.localizedDescription)", cause: error)
        }
    }
}
