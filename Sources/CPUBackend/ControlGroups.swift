#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the system says of this process and of the control groups that it is in, of either version.
struct ControlGroups {
    /// Stands before the paths of the system; empty but for tests.
    let root: String

    init(root: String = "") {
        self.root = root
    }

    /// The folders of a controller's groups that hold this process, for each hierarchy from the innermost group to the
    /// outermost.
    ///
    /// Inside a container the inner ones need not be there: the container's own then stands where the outermost would.
    func folders(of controller: String) -> [String] {
        (contents("/proc/self/cgroup") ?? "").split(separator: "\n").flatMap { line -> [String] in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            let isUnified = fields[0] == "0" && fields[1].isEmpty
            guard isUnified || fields[1].split(separator: ",").contains(controller[...]) else { return [] }
            let mount = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(controller)"
            let path = fields[2].split(separator: "/").filter { $0 != ".." }
            return (0...path.count).reversed().map {
                ([mount] + path.prefix($0).map(String.init)).joined(separator: "/")
            }
        }
    }

    /// The beginning of a small file of the system; nil when it cannot be read.
    func contents(_ path: String) -> String? {
        let descriptor = open(root + path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// A file that holds one number; nil also for `max`.
    func number(_ path: String) -> Int? {
        contents(path).flatMap { Int($0.prefix { !$0.isWhitespace }) }
    }

    /// The numbers of a file with a name and a number in each line, such as `MemTotal:  1000 kB`.
    func numbers(_ path: String) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for line in (contents(path) ?? "").split(separator: "\n") {
            let fields = line.split { $0 == " " || $0 == "\t" || $0 == ":" }
            if fields.count > 1 { numbers[String(fields[0])] = Int(fields[1]) }
        }
        return numbers
    }
}
