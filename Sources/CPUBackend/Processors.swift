import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many processors this process may keep busy.
enum Processors {
    /// Those of its affinity, or fewer where a control group limits their time.
    static var available: Int {
        let processors = Int(ck_available_processors())
        guard let quota = controlGroupQuota() else { return processors }
        return max(1, min(processors, quota))
    }

    /// Whole processors' worth of time that a `cpu.max` file grants, rounded up; nil for no limit.
    static func quota(cpuMax text: String) -> Int? {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard let first = fields.first, let quota = Int(first), quota > 0 else { return nil }
        let period = fields.count > 1 ? Int(fields[1]) ?? 0 : 100_000
        guard period > 0 else { return nil }
        return quota / period + (quota % period > 0 ? 1 : 0)
    }

    /// The path of the process in the unified hierarchy, from `/proc/self/cgroup`.
    static func path(cgroup text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("0::/") { return String(line.dropFirst(3)) }
        return nil
    }

    /// The tightest limit of the process's control group and the groups around it.
    private static func controlGroupQuota() -> Int? {
        guard let cgroup = contents("/proc/self/cgroup"), let path = path(cgroup: cgroup) else { return nil }
        var components = path.split(separator: "/")
        var tightest: Int?
        while true {
            let folder = (["/sys/fs/cgroup"] + components.map(String.init)).joined(separator: "/")
            if let quota = contents(folder + "/cpu.max").flatMap(quota(cpuMax:)) {
                tightest = min(tightest ?? quota, quota)
            }
            if components.popLast() == nil { return tightest }
        }
    }

    private static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
