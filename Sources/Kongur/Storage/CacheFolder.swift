import Foundation

/// Kongur's folder in the user's cache, of which nothing is used that another user may have written.
struct CacheFolder: Sendable {
    let path: String

    var compiled: String { "\(path)/compiled" }
    private var verified: String { "\(path)/verified" }

    /// Makes the folders for compiled models; where they cannot be made, nothing is kept.
    func prepare() {
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for folder in [compiled, verified] { mkdir(folder, 0o700) }
    }

    /// Why nothing in the folder for compiled models is used; nil if it may be.
    var fault: String? {
        for folder in [path, compiled] {
            var status = stat()
            guard stat(folder, &status) == 0 else { continue }
            guard Self.isTrusted(status.st_uid) else {
                return
                    "\(folder): belongs to another user, so no compiled models are kept or used there; set KONGUR_CACHE to a folder of your own"
            }
            // Groups often share a cache's parent; what is in it is looked at on its own.
            let others = status.st_mode & (folder == path ? 0o002 : 0o022)
            guard others == 0 || folder == path && status.st_mode & 0o1000 != 0 else {
                return
                    "\(folder): other users may write there, so no compiled models are kept or used; to change that: chmod go-w \(folder)"
            }
        }
        return nil
    }

    /// Whether a kept folder and its files can have been written by this user, or the system's, alone.
    func isTrusted(_ folder: String) -> Bool {
        func isSound(_ path: String, _ form: mode_t) -> Bool {
            var status = stat()
            return lstat(path, &status) == 0 && status.st_mode & S_IFMT == form && Self.isTrusted(status.st_uid)
                && status.st_mode & 0o022 == 0
        }
        guard isSound(folder, S_IFDIR), let names = try? FileManager.default.subpathsOfDirectory(atPath: folder) else {
            return false
        }
        return names.allSatisfy { isSound("\(folder)/\($0)", S_IFREG) || isSound("\(folder)/\($0)", S_IFDIR) }
    }

    private static func isTrusted(_ owner: uid_t) -> Bool { owner == geteuid() || owner == 0 }

    /// Where it is written down that a compiled model's weights were compared with their hash.
    func verification(of folder: String) -> String {
        let place = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        return "\(verified)/\(Data(place.utf8).sha256.prefix(32)).json"
    }
}
