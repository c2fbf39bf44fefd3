/// Who is being answered and who waits, and whether one more may.
///
/// A value without a clock: requests in the order in which they came. The first ones, as many as the engine computes at
/// once, are taken to run; the others wait, and it is the waiting ones that are bounded, by their number and by the
/// tokens of their prompts.
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
        var answers: Int
        /// Of one answer.
        var promptTokens: Int
        /// Of one answer, at most.
        var newTokens: Int
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

    /// What waits, counted in answers and in prompt tokens.
    var waiting: (answers: Int, tokens: Int) {
        var free = limits.running
        var (answers, tokens) = (0, 0)
        for entry in entries {
            let waiting = max(0, entry.answers - free)
            free = max(0, free - entry.answers)
            answers += waiting
            tokens += waiting * entry.promptTokens
        }
        return (answers, tokens)
    }

    /// Takes a request in; nil when too much is waiting already.
    ///
    /// With nobody before it every request is taken, however long, and so is one that asks for no answers of its own.
    mutating func add(answers: Int, promptTokens: Int, newTokens: Int) -> UInt64? {
        let entry = Entry(id: nextID, answers: answers, promptTokens: promptTokens, newTokens: newTokens)
        entries.append(entry)
        let waiting = waiting
        let isAlone = self.answers == answers
        if answers > 0, !isAlone, waiting.answers > limits.waiting || waiting.tokens > limits.waitingTokens {
            entries.removeLast()
            return nil
        }
        nextID += 1
        return entry.id
    }

    /// Lets a request go that has drawn this many tokens for each of its answers; nil when it did not get to the end.
    mutating func remove(_ id: UInt64, drawnTokens: Int?) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        entries.remove(at: index)
        if let drawnTokens { meanNewTokens += (Double(drawnTokens) - meanNewTokens) / 16 }
    }

    /// Tokens that are still to be computed, as far as can be told: all of what waits, half of what runs.
    var expectedTokens: Double {
        var free = limits.running
        var tokens = 0.0
        for entry in entries {
            let running = min(entry.answers, free)
            free -= running
            let length = Double(entry.promptTokens) + min(Double(entry.newTokens), meanNewTokens)
            tokens += length * (Double(entry.answers - running) + Double(running) / 2)
        }
        return tokens
    }
}
