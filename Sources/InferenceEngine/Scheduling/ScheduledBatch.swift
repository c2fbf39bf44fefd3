/// What one step computes: some tokens of some sequences.
package struct ScheduledBatch: Sendable {
    package struct Entry: Sendable, Hashable {
        package var id: UInt64
        /// Tells this request from a later one with the same id.
        var arrival: UInt64
        /// How many of the sequence's tokens the step computes.
        package var tokenCount: Int
        /// Tokens of the sequence after this step.
        package var contextLength: Int
        /// Whether the step reaches the sequence's end, so that its next token is drawn.
        package var isSampled: Bool
    }

    /// In the order of the batch's rows.
    package var entries: [Entry] = []
    package var inputs = BatchInputs()
    /// Requests that take part in a step for the first time.
    package var admitted: [UInt64] = []

    package var tokenCount: Int { inputs.tokenIDs.count }
    /// The entries whose next token is drawn, in the order of the logits' rows.
    package var sampledIDs: [UInt64] { entries.filter(\.isSampled).map(\.id) }
}

/// What a step meant for one request.
package struct SequenceUpdate: Sendable, Hashable {
    package var id: UInt64
    /// The token that was drawn, or nil when drawing failed and the sequence was dropped.
    package var token: Int?
    /// True when `token` is a stop token.
    package var isStop: Bool
    /// Set when the answer has ended and the scheduler has forgotten the request.
    package var end: SequenceEnd?
}

/// The scheduler's part of a request's summary.
package struct SequenceEnd: Sendable, Hashable {
    package var reason: FinishReason
    package var promptTokens: Int
    package var cachedTokens: Int
    package var generatedTokens: Int
    package var preemptions: Int
}
