/// The beginning of an answer that another engine gave before its device failed.
///
/// A token depends on the tokens before it, on the request's seed and on its place in the answer, and on nothing else: the
/// engine that goes on computes prompt and beginning again and draws what the other one would have drawn, bit for bit.
struct Resumption: Sendable {
    var tokenIDs: [Int] = []
    /// As the first engine noted them.
    var submitted: ContinuousClock.Instant
    var firstToken: ContinuousClock.Instant?
    var lastToken: ContinuousClock.Instant?
}
