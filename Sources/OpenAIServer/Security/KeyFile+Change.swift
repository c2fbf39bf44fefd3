import Foundation
import Tensors

extension KeyFile {
    /// The text of a file, which changes by lines: comments and what else a person wrote stay.
    package struct Text {
        fileprivate let path: String
        fileprivate var lines: [Substring]
        fileprivate var keys: [APIKey]

        fileprivate init(_ text: String, path: String) throws(Failure) {
            self.path = path
            keys = try KeyFile.parse(text, path: path)
            lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            // What follows the last line's end is no line.
            if lines.last?.isEmpty == true { lines.removeLast() }
        }

        /// Throws when there is a key of that name.
        package mutating func add(_ key: APIKey) throws(Failure) {
            guard !keys.contains(where: { $0.name == key.name }) else {
                throw Failure(description: "\(path): has a key named '\(key.name)' already; remove it first")
            }
            keys.append(key)
            lines.append(Substring(KeyFile.line(key)))
        }

        /// Removes every key of that name; throws when there is none.
        package mutating func remove(_ name: String) throws(Failure) {
            guard keys.contains(where: { $0.name == name }) else {
                throw Failure(description: "\(path): has no key named '\(name)'")
            }
            keys.removeAll { $0.name == name }
            lines.removeAll { line in
                line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).first.map(String.init) == name
            }
        }

        fileprivate var text: String { lines.map { $0 + "\n" }.joined() }
    }

    /// Changes the file while nobody else does.
    ///
    /// The old one or the new one is there, never half of one, with the same owner and rights. `isMade` makes a file, for its owner alone, where there is none.
    ///
    /// Waits for others who change it. Throws for a file that is not one of keys, what `change` throws, and the system's
    /// reason.
    package static func change(
        _ path: String,
        isMade: Bool,
        _ change: (inout Text) throws(Failure) -> Void
    ) throws(Failure) {
        let lock = try lock(path, isMade: isMade)
        defer { close(lock) }
        var text = try Text(try content(lock, path), path: path)
        try change(&text)
        do {
            let file = try AtomicFile(path: path, permissions: 0o600) { _ in true }
            try file.write(Array(text.text.utf8))
            try file.sync()
            try file.commit()
        } catch {
            throw Failure(description: error.message)
        }
    }

    /// Opens and locks the file that has the name; one that another process has replaced meanwhile has not.
    private static func lock(_ path: String, isMade: Bool) throws(Failure) -> CInt {
        while true {
            let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | (isMade ? O_CREAT : 0), 0o600)
            guard descriptor >= 0 else { throw system(path, "cannot be changed") }
            var (locked, there) = (stat(), stat())
            guard fstat(descriptor, &locked) == 0, locked.st_mode & S_IFMT == S_IFREG else {
                close(descriptor)
                throw Failure(description: "\(path): is not a regular file")
            }
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else {
                    let failure = system(path, "cannot be locked")
                    close(descriptor)
                    throw failure
                }
            }
            if stat(path, &there) == 0, there.st_ino == locked.st_ino, there.st_dev == locked.st_dev {
                return descriptor
            }
            close(descriptor)
        }
    }

    private static func content(_ descriptor: CInt, _ path: String) throws(Failure) -> String {
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        guard let data = try? file.readToEnd() ?? Data() else { throw system(path, "cannot be read") }
        guard let text = String(data: data, encoding: .utf8) else {
            throw Failure(description: "\(path): is not UTF-8 text")
        }
        return text
    }

    private static func system(_ path: String, _ what: String) -> Failure {
        Failure(description: "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}
