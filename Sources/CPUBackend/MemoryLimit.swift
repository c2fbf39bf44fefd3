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

    /// The memory that has the least left, the machine's or that of a control group around this process, and how much of it
    /// is taken by anybody; nil where the system tells neither.
    package var tightest: (byteCount: Int, usedByteCount: Int)? {
        var memories = groups.folders(of: "memory").compactMap(use(of:))
        let machine = groups.numbers("/proc/meminfo")
        if let total = machine["MemTotal"], let available = machine["MemAvailable"] {
            memories.append((total << 10, max(0, total - available) << 10))
        }
        return memories.min { $0.byteCount - $0.usedByteCount < $1.byteCount - $1.usedByteCount }
    }

    private func limit(of folder: String) -> MemoryLimit? {
        guard let use = use(of: folder) else { return nil }
        let others = max(0, use.usedByteCount - held)
        return MemoryLimit(
            byteCount: max(0, use.byteCount - others),
            reason: "what the control group \(folder) leaves"
        )
    }

    /// The bound of a control group that has one, and what it holds that no file does.
    private func use(of folder: String) -> (byteCount: Int, usedByteCount: Int)? {
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
        return (bound, max(0, used - files))
    }
}
