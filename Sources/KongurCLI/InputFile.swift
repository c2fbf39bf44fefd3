import Foundation
import Kongur

/// A file that a person named on the command line; `-` is standard input.
enum InputFile {
    /// The file's bytes.
    ///
    /// Throws `.invalidInput` with the path and the system's reason.
    static func read(_ path: String) throws -> [UInt8] {
        if path == "-" { return try StandardInput.read() }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let reason = isFolder.boolValue ? "is a folder" : exists ? "cannot be read" : "no such file"
            throw KongurError(.invalidInput, "\(path): \(reason)", cause: error)
        }
    }

    /// The file's text.
    ///
    /// Throws `.invalidInput` also for bytes that are not UTF-8.
    static func readText(_ path: String) throws -> String {
        guard let text = String(validating: try read(path), as: UTF8.self) else {
            throw KongurError(.invalidInput, "\(path == "-" ? StandardInput.name : path): is not UTF-8 text")
        }
        return text
    }
}
