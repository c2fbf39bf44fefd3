import CKernels

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

    /// The tightest limit of the process's control group and the groups around it.
    private static func controlGroupQuota() -> Int? {
        let groups = ControlGroups()
        return groups.folders(of: "cpu").compactMap { groups.contents($0 + "/cpu.max").flatMap(quota(cpuMax:)) }.min()
    }
}
