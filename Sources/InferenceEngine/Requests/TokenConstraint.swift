/// What an answer must look like: says, token by token, which ones may come next.
///
/// The engine asks before each draw, and then tells what was drawn; it never takes a token back.
package protocol TokenConstraint: Sendable {
    /// Makes `mask` the tokens that may come next: bit `id % 64` of word `id / 64`. Tokens beyond its words may not.
    mutating func allowedTokens(into mask: inout [UInt64])

    /// Goes on behind a token that was allowed; false when it cannot, which ends the answer with an error.
    mutating func advance(_ token: Int) -> Bool
}
