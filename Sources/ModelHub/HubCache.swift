import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The folder of pulled models, in the layout that the hub's Python tools share.
///
///     models--OWNER--NAME/refs/main                    the commit that a branch stood at
///     models--OWNER--NAME/blobs/<etag>                 contents by hash; `<etag>.incomplete` while they arrive
///     models--OWNER--NAME/snapshots/<commit>/<file>    links to ../../blobs/<etag>, in a subfolder to ../../../blobs/<etag>
///     .locks/models--OWNER--NAME/<etag>.lock
package struct HubCache: Sendable {
    package let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    /// The folder of a model that has been pulled, by us or by the Python tools, or nil; uses no network.
    ///
    /// The snapshot must be whole: a configuration, and every weight file that its index names.
    package func snapshot(of repository: RepositoryName, revision: String = "main") -> String? {
        guard let revision = try? Revision(revision) else { return nil }
        let reference = BoundedFile.read(self.reference(to: revision, of: repository), limit: 4096)
        guard let commit = revision.isCommit ? revision.text : reference, Revision.isCommit(commit) else { return nil }
        let snapshot = self.snapshot(commit, of: repository)
        return Self.isWhole(snapshot) ? snapshot : nil
    }

    /// The models that have been pulled whole, by name.
    package var repositories: [RepositoryName] {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return folders.sorted().compactMap { name in
            let parts = name.split(separator: "--", maxSplits: 2)
            guard parts.count == 3, parts[0] == "models", let name = try? RepositoryName("\(parts[1])/\(parts[2])")
            else {
                return nil
            }
            return snapshot(of: name) == nil ? nil : name
        }
    }

    /// Whether the folder holds a configuration and all its weights, with no link that leads nowhere.
    static func isWhole(_ snapshot: String) -> Bool {
        guard BoundedFile.exists("\(snapshot)/config.json"),
            let names = try? FileManager.default.contentsOfDirectory(atPath: snapshot)
        else { return false }
        guard names.allSatisfy({ access("\(snapshot)/\($0)", F_OK) == 0 }) else { return false }
        guard names.contains("model.safetensors.index.json") else {
            return names.contains { $0.hasSuffix(".safetensors") }
        }
        guard let bytes = BoundedFile.bytes("\(snapshot)/model.safetensors.index.json", limit: 64 << 20),
            let index = try? JSONDecoder().decode(Index.self, from: Data(bytes))
        else { return false }
        return Set(index.weightMap.values).isSubset(of: names)
    }

    private struct Index: Decodable {
        let weightMap: [String: String]

        enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }

    func repositoryFolder(_ repository: RepositoryName) -> String { "\(folder)/\(repository.folderName)" }

    func blob(_ etag: String, of repository: RepositoryName) -> String {
        "\(repositoryFolder(repository))/blobs/\(etag)"
    }

    func lock(_ etag: String, of repository: RepositoryName) -> String {
        "\(folder)/.locks/\(repository.folderName)/\(etag).lock"
    }

    func snapshot(_ commit: String, of repository: RepositoryName) -> String {
        "\(repositoryFolder(repository))/snapshots/\(commit)"
    }

    func reference(to revision: Revision, of repository: RepositoryName) -> String {
        "\(repositoryFolder(repository))/refs/\(revision.text)"
    }

    /// Makes the folders that a download of `commit` writes to.
    func prepare(_ repository: RepositoryName, commit: String) throws(HubError) {
        for path in [
            "\(repositoryFolder(repository))/blobs", snapshot(commit, of: repository),
            "\(repositoryFolder(repository))/refs",
            "\(folder)/.locks/\(repository.folderName)",
        ] {
            try Self.makeFolder(path)
        }
    }

    /// Makes `file` appear in the snapshot, in one step; it takes the place of a link into `blobs` alone.
    func link(_ file: RemoteFile, into commit: String, of repository: RepositoryName) throws(HubError) {
        let path = "\(snapshot(commit, of: repository))/\(file.name)"
        var status = stat()
        if lstat(path, &status) == 0 {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
            guard target?.contains("blobs/") == true else {
                throw HubError(
                    .fileSystem,
                    "\(path): is there and was not put there by a download, so it is not replaced; move it away and pull again"
                )
            }
        }
        let depth = file.name.utf8.count { $0 == UInt8(ascii: "/") }
        if depth > 0 { try Self.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])) }
        let blobs = String(repeating: "../", count: 2 + depth) + "blobs"
        let temporary = "\(blob(file.etag, of: repository)).\(UUID().uuidString).link"
        guard symlink("\(blobs)/\(file.etag)", temporary) == 0 else { throw .system("cannot be made", temporary) }
        guard rename(temporary, path) == 0 else {
            let error = HubError.system("cannot be made", path)
            unlink(temporary)
            throw error
        }
        Self.syncFolder(of: path)
    }

    /// Remembers that a branch or tag stood at `commit`.
    func record(_ revision: Revision, at commit: String, of repository: RepositoryName) throws(HubError) {
        guard !revision.isCommit else { return }
        let path = reference(to: revision, of: repository)
        guard !BoundedFile.exists(path) || BoundedFile.read(path, limit: 4096).map(Revision.isCommit) == true else {
            throw HubError(
                .fileSystem,
                "\(path): does not hold a commit, so it is not replaced; move it away and pull again"
            )
        }
        try Self.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        // The name cannot be that of a branch: a part of a revision never starts with a dot.
        let file = try IncompleteFile("\(repositoryFolder(repository))/refs/.\(UUID().uuidString)")
        do throws(HubError) {
            try file.write(Array(commit.utf8))
            try file.commit(to: path)
        } catch {
            file.remove()
            throw error
        }
    }

    /// The bytes that may still be written below the folder, or nil when the system does not say.
    func availableByteCount() -> Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (count, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: status.f_frsize)
        )
        return overflow ? nil : count
    }

    /// Makes a rename in the folder of `path` last; a file system that cannot is not an error.
    static func syncFolder(of path: String) {
        let descriptor = open(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func makeFolder(_ path: String) throws(HubError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw HubError(.fileSystem, "\(path): cannot be made: check HF_HOME and HF_HUB_CACHE", cause: error)
        }
    }
}
