/// Whether tokens of an answer are guessed, so that one step checks several of them.
///
/// The answers are the same, bit for bit: a guess that is not what would have been drawn is thrown away.
package enum Speculation: Sendable, Hashable {
    /// As many as raise the tokens per second, by what the engine measures as it goes.
    case automatic
    case off
    /// Up to so many in each step, wherever there is a guess, whether that pays or not.
    case upTo(Int)

    /// The most guessed tokens of one sequence in one step.
    var limit: Int {
        switch self {
        case .automatic: 15
        case .off: 0
        case .upTo(let count): count
        }
    }
}
