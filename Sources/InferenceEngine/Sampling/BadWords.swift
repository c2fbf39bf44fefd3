/// Sequences of tokens that must not be in an answer: their last token is forbidden behind the others.
struct BadWords: Sendable {
    private let sequences: [[Int]]
    private let longest: Int
    /// The end of the answer so far, long enough for every sequence.
    private var tail: [Int] = []

    init(_ sequences: [[Int]]) {
        self.sequences = sequences.filter { !$0.isEmpty }
        longest = self.sequences.map(\.count).max() ?? 0
    }

    /// The tokens that would complete a sequence.
    var forbidden: [Int] {
        sequences.compactMap { sequence in
            tail.suffix(sequence.count - 1).elementsEqual(sequence.dropLast()) ? sequence.last : nil
        }
    }

    mutating func append(_ token: Int) {
        guard longest > 1 else { return }
        tail.append(token)
        if tail.count >= longest { tail.removeFirst(tail.count - longest + 1) }
    }
}
