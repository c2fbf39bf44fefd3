#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many files and connections the process may have open at once.
enum OpenFileLimit {
    /// What is open besides connections: model files, databases, batch files, the log, the event loops' own.
    private static let others = 128

    /// Raises the soft limit as far as `connections` need it, and gives how many connections there is room for.
    static func raise(for connections: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return connections }
        let wanted = rlim_t(connections + others)
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = min(wanted, limit.rlim_max)
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return limit.rlim_cur >= wanted
            ? connections : max(1, Int(limit.rlim_cur) - min(others, Int(limit.rlim_cur) / 2))
    }

    #if canImport(Glibc)
        private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
    #else
        private static var resource: Int32 { RLIMIT_NOFILE }
    #endif
}
