import InferenceEngine

/// Who is being answered and who waits, and whether one more may.
///
/// A value without a clock: requests in the order in which they came. As many answers as the engine computes at once are
/// taken to run, shared among accounts as the engine does it; the others wait, and it is the waiting ones that are
/// bounded, by their number and by the tokens of their prompts.
struct AdmissionQueue: Sendable {
    struct Limits: Sendable, Hashable {
        /// Answers that the engine computes at once.
        var running: Int
        /// Answers that may wait.
        var waiting: Int
        /// Prompt tokens of the answers that wait.
        var waitingTokens: Int
    }

    struct Entry: Sendable, Hashable {
        var id: UInt64
        var account: Account
        var answers: Int
        /// Of one answer.
        var promptTokens: Int
        /// Of one answer, at most.
        var newTokens: Int
    }

    /// Answers, and prompt tokens of them all.
    private struct Amount {
        var answers = 0
        var tokens = 0

        mutating func add(_ answers: Int, of entry: Entry) {
            self.answers += answers
            tokens += answers * entry.promptTokens
        }
    }

    let limits: Limits
    private(set) var entries: [Entry] = []
    private var nextID: UInt64 = 0
    /// How long answers are, as a running mean.
    private var meanNewTokens = 256.0

    init(_ limits: Limits) {
        self.limits = limits
    }

    var answers: Int { entries.map(\.answers).reduce(0, +) }

    /// Answers of one account that run or wait.
    func answers(of account: Account) -> Int {
        entries.reduce(0) { $0 + ($1.account.name == account.name ? $1.answers : 0) }
    }

    /// What waits, counted in answers and in prompt tokens.
    var waiting: (answers: Int, tokens: Int) {
        var sum = Amount()
        for (entry, running) in divided { sum.add(entry.answers - running, of: entry) }
        return (sum.answers, sum.tokens)
    }

    /// The requests with those of their answers that are taken to run.
    private var divided: [(entry: Entry, running: Int)] {
        var places = places
        return entries.map { entry in
            let running = min(entry.answers, places[entry.account.name, default: 0])
            places[entry.account.name, default: 0] -= running
            return (entry, running)
        }
    }

    /// The places of each account: one after the other to the one that has least for its weight, as long as it has use
    /// for more.
    private var places: [String: Int] {
        var wanted: [String: (answers: Int, weight: Int)] = [:]
        for entry in entries where entry.answers > 0 {
            wanted[entry.account.name, default: (0, 1)].answers += entry.answers
            wanted[entry.account.name]?.weight = entry.account.weight
        }
        if wanted.count == 1 { return wanted.mapValues { min($0.answers, limits.running) } }
        var places = wanted.mapValues { _ in 0 }
        for _ in 0..<min(limits.running, answers) {
            let next = wanted.filter { places[$0.key, default: 0] < $0.value.answers }
                .min { one, other in
                    let (left, right) = (places[one.key, default: 0], places[other.key, default: 0])
                    let (a, b) = ((left + 1) * other.value.weight, (right + 1) * one.value.weight)
                    return a != b ? a < b : one.key < other.key
                }
            guard let next else { break }
            places[next.key, default: 0] += 1
        }
        return places
    }

    /// Takes a request in; nil when too much is waiting already.
    ///
    /// An account may use all that nobody else uses, and is refused nothing within its share because others do. With
    /// nobody of its account before it every request is taken, however long, and so is one that asks for no answers of its
    /// own.
    mutating func add(
        answers: Int,
        promptTokens: Int,
        newTokens: Int,
        account: Account = .anonymous
    ) -> UInt64? {
        let isAlone = self.answers(of: account) == 0
        entries.append(
            Entry(id: nextID, account: account, answers: answers, promptTokens: promptTokens, newTokens: newTokens)
        )
        if answers > 0, !isAlone, isTooMuch(account) {
            entries.removeLast()
            return nil
        }
        defer { nextID += 1 }
        return nextID
    }

    /// Whether too much waits, of all and of this account.
    private func isTooMuch(_ account: Account) -> Bool {
        var (all, own) = (Amount(), Amount())
        var weights: [String: Int] = [:]
        for (entry, running) in divided where entry.answers > 0 {
            all.add(entry.answers - running, of: entry)
            if entry.account.name == account.name { own.add(entry.answers - running, of: entry) }
            weights[entry.account.name] = entry.account.weight
        }
        let share = Double(account.weight) / Double(weights.values.reduce(0, +))
        func exceeds(_ amount: Amount, _ share: Double) -> Bool {
            Double(amount.answers) > Double(limits.waiting) * share
                || Double(amount.tokens) > Double(limits.waitingTokens) * share
        }
        return exceeds(all, 1) && exceeds(own, share)
    }

    /// Lets a request go that has drawn this many tokens for each of its answers; nil when it did not get to the end.
    mutating func remove(_ id: UInt64, drawnTokens: Int?) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        entries.remove(at: index)
        if let drawnTokens { meanNewTokens += (Double(drawnTokens) - meanNewTokens) / 16 }
    }

    /// Tokens that are still to be computed, as far as can be told: all of what waits, half of what runs.
    var expectedTokens: Double {
        divided.reduce(0) { sum, part in
            let length = Double(part.entry.promptTokens) + min(Double(part.entry.newTokens), meanNewTokens)
            return sum + length * (Double(part.entry.answers - part.running) + Double(part.running) / 2)
        }
    }
}
