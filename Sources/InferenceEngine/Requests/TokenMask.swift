/// The tokens that may come next in an answer that must have a form, as far as they are worked out.
struct TokenMask: Sendable {
    private var constraint: any TokenConstraint
    /// Complete when `isReady`.
    private(set) var words: [UInt64] = []
    /// Whether the next token can be drawn, or `failure` says why not.
    private(set) var isReady = false
    private(set) var failure: EngineError?

    init(_ constraint: any TokenConstraint) {
        self.constraint = constraint
    }

    /// Goes on behind a token.
    ///
    /// Throws `.noAllowedToken` when the constraint cannot.
    mutating func advance(_ token: Int) throws(EngineError) {
        isReady = false
        guard constraint.advance(token) else { throw .noAllowedToken }
    }

    /// Takes out what the constraint leaves out in the light of the model's logits; for when it is ready.
    mutating func narrow(by logits: [Float]) {
        if failure == nil { constraint.narrow(&words, by: logits) }
    }

    /// Does some work unless all is done.
    mutating func prepare(_ work: inout MaskWork) {
        guard !isReady else { return }
        do {
            isReady = try constraint.allowedTokens(into: &words, &work)
        } catch {
            (isReady, failure) = (true, error)
        }
    }
}
