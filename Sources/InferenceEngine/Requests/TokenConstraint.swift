/// What an answer must look like: says, token by token, which ones may come next.
///
/// The engine asks before each draw, and then tells what was drawn; it never takes a token back. Copies go on apart.
package protocol TokenConstraint: Sendable {
    /// Takes tokens out of the mask that `allowedTokens` made, in the light of what the model would say without it.
    ///
    /// Called before each draw, with the model's own logits, on the engine's thread.
    mutating func narrow(_ mask: inout [UInt64], by logits: [Float])

    /// Goes on behind a token that was allowed; false when it cannot, which ends the answer with an error.
    ///
    /// The engine's thread calls this: what takes time belongs into `allowedTokens`.
    mutating func advance(_ token: Int) -> Bool

    /// Makes `mask` the tokens that may come next: bit `id % 64` of word `id / 64`. Tokens beyond its words may not.
    ///
    /// Does as much as `work` allows, and returns whether `mask` is complete; when not, the next call, with the same mask,
    /// goes on. Throws `.noAllowedToken` when the answer cannot go on.
    mutating func allowedTokens(into mask: inout [UInt64], _ work: inout MaskWork) throws(EngineError) -> Bool
}

/// How much work on a mask may be done now; a unit is some nanoseconds.
package struct MaskWork: Sendable {
    /// Units that are left; nothing more is begun when there are none.
    package var left: Int
    /// What is begun may take so many units, whatever is left, and is begun again later when that is not enough.
    package let pieceLimit: Int

    package init(left: Int, pieceLimit: Int) {
        self.left = left
        self.pieceLimit = pieceLimit
    }
}

extension TokenConstraint {
    package mutating func narrow(_ mask: inout [UInt64], by logits: [Float]) {}
}
