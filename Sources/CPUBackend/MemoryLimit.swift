/// How many bytes this process may hold, all in all, and who says so.
package struct MemoryLimit: Sendable, Hashable, CustomStringConvertible {
    package var byteCount: Int
    /// Where the number comes from, as in "set by --memory-mib".
    package var reason: String

    package init(byteCount: Int, reason: String) {
        self.byteCount = byteCount
        self.reason = reason
    }

    package var description: String { "\(byteCount) bytes, \(reason)" }
}

/// The memory of this process and of what it shares memory with.
package struct SystemMemory {
    /// Above this a limit is none: control groups of version 1 say so.
    private static let noLimit = 1 << 60
    private let groups: ControlGroups

    /// `root` stands before the paths of the system's files; empty but for tests.
    package init(root: String = "") {
        groups = ControlGroups(root: root)
    }

    /// Bytes that this process holds and no file does.
    package var held: Int { (groups.numbers("/proc/self/status")["RssAnon"] ?? 0) << 10 }

    /// The tightest limit: what the machine has left, and what the control groups around this process leave to it; nil
    /// where the system tells neither.
    ///
    /// What files keep in memory counts as free: the system gives it up when it is needed.
    package var limit: MemoryLimit? {
        var limits = groups.folders(of: "memory").compactMap(limit(of:))
        if let available = groups.numbers("/proc/meminfo")["MemAvailable"] {
            limits.append(MemoryLimit(byteCount: available << 10 + held, reason: "what the machine has left"))
        }
        return limits.min { $0.byteCount < $1.byteCount }
    }

    private func limit(of folder: String) -> MemoryLimit? {
        // Version 2, where `high` is the limit above which a group is slowed down, and then version 1.
        let bounds = ["memory.max", "memory.high", "memory.limit_in_bytes"].compactMap {
            groups.number("\(folder)/\($0)")
        }
        guard let bound = bounds.min(), bound < Self.noLimit else { return nil }
        let used = groups.number(folder + "/memory.current") ?? groups.number(folder + "/memory.usage_in_bytes") ?? 0
        let statistics = groups.numbers(folder + "/memory.stat")
        let files = ["inactive_file", "active_file"].reduce(0) {
            $0 + (statistics["total_" + $1] ?? statistics[$1] ?? 0)
        }
        let others = max(0, used - files - held)
        return MemoryLimit(byteCount: max(0, bound - others), reason: "what the control group \(folder) leaves")
    }
}
