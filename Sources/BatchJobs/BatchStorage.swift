import Synchronization

/// What each owner has in a folder, and how much more it may have.
///
/// Storage cannot be taken back from who has it. So where several may have some, one may hold as much as is left free for
/// the others, times its weight: alone with keys that hold nothing it gets a half, and there is always room for who comes
/// next. Where there is but one, it may take everything.
final class BatchStorage: Sendable {
    /// What is recorded for an owner.
    struct Holding: Sendable, Hashable {
        var files = 0
        /// Batches that have not ended.
        var batches = 0
        /// Of files, and of batches with their lines and results.
        var bytes = 0
    }

    private struct State {
        var holdings: [String: Holding] = [:]
        /// Bytes of files that come to be.
        var growing: [String: Int] = [:]

        func bytes(of owner: String) -> Int { (holdings[owner]?.bytes ?? 0) + growing[owner, default: 0] }

        var bytes: Int { holdings.values.reduce(0) { $0 + $1.bytes } + growing.values.reduce(0, +) }
    }

    private let limits: BatchFolder.Limits
    /// Weights of all who may have something, by owner.
    private let weights: @Sendable () -> [String: Int]
    private let state = Mutex(State())

    init(_ limits: BatchFolder.Limits, weights: @escaping @Sendable () -> [String: Int]) {
        self.limits = limits
        self.weights = weights
    }

    /// Takes what is recorded of all owners.
    func replace(_ holdings: [String: Holding]) { state.withLock { $0.holdings = holdings } }

    /// An owner has so many bytes more.
    func add(_ owner: String, bytes: Int) { state.withLock { $0.holdings[owner, default: Holding()].bytes += bytes } }

    var byteCount: Int { state.withLock(\.bytes) }

    /// Throws `.tooMuch` when an owner may not have so much more.
    func check(_ owner: String, bytes: Int = 0, files: Int = 0, batches: Int = 0) throws(BatchError) {
        let weights = weights()
        let more = Holding(files: files, batches: batches, bytes: bytes)
        let fault = state.withLock { self.fault(owner, more, weights, $0) }
        if let fault { throw fault }
    }

    /// Counts bytes of a file that comes to be; throws what `check` throws.
    func grow(_ owner: String, by bytes: Int) throws(BatchError) {
        let weights = weights()
        let fault = state.withLock { state in
            let fault = self.fault(owner, Holding(bytes: bytes), weights, state)
            if fault == nil { state.growing[owner, default: 0] += bytes }
            return fault
        }
        if let fault { throw fault }
    }

    func shrink(_ owner: String, by bytes: Int) {
        state.withLock { state in
            let left = state.growing[owner, default: 0] - bytes
            state.growing[owner] = left > 0 ? left : nil
        }
    }

    private func fault(_ owner: String, _ more: Holding, _ weights: [String: Int], _ state: State) -> BatchError? {
        let holders = Set(weights.keys).union(state.holdings.keys).union(state.growing.keys).union([owner])
        let weight = holders.count > 1 ? weights[owner, default: 1] : nil
        func fits(_ more: Int, own: Int, all: Int, limit: Int, atLeast least: Int = 0) -> Bool {
            guard more > 0 else { return true }
            let free = limit - all - more
            return free >= 0 && weight.map { own + more <= max(least, free.multipliedOrMost(by: $0)) } ?? true
        }
        func all(_ count: (Holding) -> Int) -> Int { state.holdings.values.reduce(0) { $0 + count($1) } }
        let own = state.holdings[owner] ?? Holding()
        let whose = weight == nil ? "" : ", of which each key gets a share"
        let remedy = "delete some of yours, or ask again later"
        guard fits(more.bytes, own: state.bytes(of: owner), all: state.bytes, limit: limits.byteCount) else {
            return BatchError(
                .tooMuch,
                "batches may take \(limits.byteCount >> 20) MiB for files, lines and results\(whose): \(remedy)"
            )
        }
        guard fits(more.files, own: own.files, all: all(\.files), limit: limits.files, atLeast: 1) else {
            return BatchError(.tooMuch, "\(limits.files) files are kept here\(whose): \(remedy)")
        }
        guard fits(more.batches, own: own.batches, all: all(\.batches), limit: limits.files, atLeast: 1) else {
            return BatchError(.tooMuch, "\(limits.files) batches may be under way\(whose): ask again later")
        }
        return nil
    }
}

extension Int {
    fileprivate func multipliedOrMost(by factor: Int) -> Int {
        let (product, overflows) = multipliedReportingOverflow(by: factor)
        return overflows ? .max : product
    }
}
