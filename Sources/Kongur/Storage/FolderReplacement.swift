import DeviceRuntime
import Foundation
import Tensors

/// A folder of files that appears under its name whole or not at all, and takes the place only of one that Kongur made.
///
/// Its files are written into `temporary`, a folder beside it. What `commit` did not give its name is removed at the end.
final class FolderReplacement {
    /// Where it will be; symbolic links are followed.
    let path: String
    /// Where to write.
    let temporary: String
    private let form: FolderForm
    private let descriptor: CInt

    /// Makes the temporary folder, and removes those that killed processes left beside `path`.
    ///
    /// Throws `.invalidInput` as `FolderForm.check` does, and `.failed` with the system's reason.
    init(at path: String, _ form: FolderForm) throws {
        let place = try form.check(path)
        let (folder, name) = PartialName.parts(of: place)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw KongurError(.failed, "\(folder): cannot be made: \(error.systemReason)", cause: error)
        }
        PartialName.forEachLeftover(in: folder, where: { $0 == name }) { path, _ in form.remove(path) }
        while true {
            let temporary = PartialName.make(for: place)
            guard mkdir(temporary, 0o755) == 0 else {
                if errno == EEXIST { continue }
                throw KongurError(.failed, "\(path): cannot be written: \(String(cString: strerror(errno)))")
            }
            let descriptor = open(temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0, PartialName.lock(descriptor, temporary) else {
                if descriptor >= 0 { close(descriptor) }
                continue
            }
            (self.path, self.temporary, self.form, self.descriptor) = (place, temporary, form, descriptor)
            return
        }
    }

    deinit {
        // The new one before it has its name, and after that the old one, which was exchanged for it.
        form.remove(temporary)
        close(descriptor)
    }

    /// Gives the folder its name.
    func commit() throws {
        // What has come there meanwhile is looked at again.
        _ = try form.check(path)
        fsync(descriptor)
        guard Self.exchange(temporary, path) || rename(temporary, path) == 0 || moveAside() else {
            throw KongurError(.failed, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
        let parent = open(PartialName.parts(of: path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    /// Exchanges two folders in one step, where there are two and the system can.
    private static func exchange(_ first: String, _ second: String) -> Bool {
        typealias Rename = @convention(c) (CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt) -> CInt
        #if os(Linux)
            guard let symbol = dlsym(nil, "renameat2") else { return false }
            let here: CInt = -100
            return unsafeBitCast(symbol, to: Rename.self)(here, first, here, second, 2) == 0
        #else
            return false
        #endif
    }

    /// In two steps: the old one goes out of the way first.
    private func moveAside() -> Bool {
        guard errno == ENOTEMPTY || errno == EEXIST else { return false }
        let old = PartialName.make(for: path)
        guard rename(path, old) == 0 else { return false }
        guard rename(temporary, path) == 0 else {
            let reason = errno
            rename(old, path)
            errno = reason
            return false
        }
        form.remove(old)
        return true
    }
}

/// What the folders of one kind hold, by which Kongur knows its own.
struct FolderForm: Sendable {
    /// What it is called in messages.
    let name: String
    /// The files that it may hold.
    let files: Set<String>
    /// A folder in it, all files of which have this ending.
    var subfolder: (name: String, ending: String)?
    /// Why a folder that holds no other files is not one that Kongur made; nil if it is.
    let fault: @Sendable (_ folder: String) -> String?

    init(
        name: String,
        files: Set<String>,
        subfolder: (name: String, ending: String)? = nil,
        fault: @escaping @Sendable (_ folder: String) -> String? = { _ in nil }
    ) {
        self.name = name
        self.files = files
        self.subfolder = subfolder
        self.fault = fault
    }

    /// Throws `.invalidInput` when there is anything at `path` but an empty folder or one of this form.
    ///
    /// Returns the path without a slash at its end, and with links followed.
    @discardableResult
    func check(_ path: String) throws -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        func refusal(_ reason: String) -> KongurError {
            KongurError(.invalidInput, "\(path): \(reason); choose another place for \(name)")
        }
        guard !path.isEmpty else { throw KongurError(.invalidInput, "the name of the folder to write is empty") }
        guard ![".", "..", "/"].contains(PartialName.parts(of: path).name), path != "/" else {
            throw refusal("is not the name of a new folder")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw refusal("cannot be used (\(String(cString: strerror(errno))))") }
            return path
        }
        if status.st_mode & S_IFMT == S_IFLNK {
            guard let real = realpath(path, nil) else { throw refusal("is a symbolic link that leads nowhere") }
            path = String(cString: real)
            free(real)
            guard lstat(path, &status) == 0 else { throw refusal("cannot be used") }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw refusal("is there already, is not a folder, and will not be replaced")
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw refusal("cannot be read (\(error.systemReason))")
        }
        guard !names.isEmpty else { return path }
        if let other = names.first(where: { !isKnown($0, in: path) }) {
            let more = names.count > 1 ? " beside others" : ""
            throw refusal("holds '\(other)'\(more), which Kongur did not make, and will not be replaced")
        }
        if let fault = fault(path) { throw refusal("\(fault), so it will not be replaced") }
        return path
    }

    /// Removes a folder's files of this form, and then the folder, where nothing else is in it.
    func remove(_ path: String) {
        for file in files where Self.isFile("\(path)/\(file)") { unlink("\(path)/\(file)") }
        if let subfolder, isKnown(subfolder.name, in: path) {
            for file in Self.names("\(path)/\(subfolder.name)") { unlink("\(path)/\(subfolder.name)/\(file)") }
            rmdir("\(path)/\(subfolder.name)")
        }
        rmdir(path)
    }

    /// Whether something in a folder has the name and the kind of what this form holds.
    private func isKnown(_ name: String, in path: String) -> Bool {
        if let subfolder, name == subfolder.name {
            let folder = "\(path)/\(name)"
            return Self.isKind(S_IFDIR, folder)
                && Self.names(folder).allSatisfy { $0.hasSuffix(subfolder.ending) && Self.isFile("\(folder)/\($0)") }
        }
        return files.contains(name) && Self.isFile("\(path)/\(name)")
    }

    private static func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    private static func isFile(_ path: String) -> Bool { isKind(S_IFREG, path) }

    private static func isKind(_ kind: mode_t, _ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == kind
    }
}
