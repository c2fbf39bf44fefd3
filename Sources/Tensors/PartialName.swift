#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The name of a file or folder while it is written: `NAME.<16 hexadecimal digits>.partial`, beside where it will be.
///
/// The writer holds a lock on it. What a killed process left behind has the form of the name and no lock.
package enum PartialName {
    package static let suffix = ".partial"

    /// A name that nothing else has.
    package static func make(for path: String) -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(path).\(String(repeating: "0", count: 16 - digits.count))\(digits)\(suffix)"
    }

    /// The final name of a partial one; nil for other names.
    package static func final(of name: String) -> Substring? {
        guard name.hasSuffix(suffix) else { return nil }
        let stem = name.dropLast(suffix.count)
        guard let dot = stem.lastIndex(of: "."), dot > stem.startIndex else { return nil }
        let digits = stem[stem.index(after: dot)...]
        let isRandom =
            digits.utf8.count == 16
            && digits.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isRandom ? stem[..<dot] : nil
    }

    /// Locks what has just been made; false when another process has taken it for a leftover meanwhile.
    ///
    /// A file system without locks gives none, and nothing is removed there.
    package static func lock(_ descriptor: CInt, _ path: String) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return false }
        return isAt(path, descriptor)
    }

    /// Calls `remove` with the path of each partial file or folder of this user in `folder` that no process writes, and
    /// whose final name `isKnown`.
    package static func forEachLeftover(
        in folder: String,
        where isKnown: (Substring) -> Bool,
        remove: (_ path: String, _ isFolder: Bool) -> Void
    ) {
        for name in names(in: folder) {
            guard let final = final(of: name), isKnown(final) else { continue }
            let path = "\(folder)/\(name)"
            let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
                flock(descriptor, LOCK_EX | LOCK_NB) == 0, isAt(path, descriptor)
            else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFREG: remove(path, false)
            case S_IFDIR: remove(path, true)
            default: break
            }
        }
    }

    /// The folder of a path, and the last part of it.
    package static func parts(of path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = path[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
    }

    /// The names in a folder; none when it cannot be read.
    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                        String(cString: $0)
                    }
                }
            )
        }
        return names
    }

    private static func isAt(_ path: String, _ descriptor: CInt) -> Bool {
        var (open, there) = (stat(), stat())
        return fstat(descriptor, &open) == 0 && lstat(path, &there) == 0 && open.st_ino == there.st_ino
            && open.st_dev == there.st_dev
    }
}
