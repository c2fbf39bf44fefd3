/// The requests of one account inside the scheduler, ordinary or in the background: those that wait, what it holds, and
/// what it has had.
///
/// A class because its sequences refer to it; like them it never leaves the scheduler.
final class AccountQueue {
    let name: String
    let isBackground: Bool
    /// As the latest request has it.
    var weight: Int
    /// Each precedes the one before, so that the head of the queue is the last element.
    private(set) var waiting: [RunningSequence] = []
    /// Tokens computed for it, divided by its weight, from where it joined; only differences between accounts count.
    var served = 0.0
    /// Sequences that run, and their cache blocks; as `Scheduler.countHoldings` counts them.
    var places = 0
    var blocks = 0
    /// Sequences that run and whose prompts are not computed yet.
    var promptsUnderWay = 0

    init(_ account: Account, isBackground: Bool) {
        name = account.name
        weight = account.weight
        self.isBackground = isBackground
    }

    var head: RunningSequence? { waiting.last }

    func enqueue(_ sequence: RunningSequence) {
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if sequence.precedes(waiting[middle]) { low = middle + 1 } else { high = middle }
        }
        waiting.insert(sequence, at: low)
    }

    func removeHead() { waiting.removeLast() }

    func remove(_ id: UInt64) -> RunningSequence? {
        waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0) }
    }

    /// Notes that tokens were computed for it.
    func charge(_ tokens: Int) { served += Double(tokens) / Double(weight) }

    /// The part of the engine that it would hold with these, of places or of blocks, whichever is more, over its weight.
    func share(places: Int, blocks: Int, _ limits: SchedulingLimits) -> Double {
        let part = max(Double(places) / Double(limits.maxSequences), Double(blocks) / Double(limits.blockCount))
        return part / Double(weight)
    }

    func share(_ limits: SchedulingLimits) -> Double { share(places: places, blocks: blocks, limits) }
}
