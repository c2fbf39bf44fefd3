/// What one step computes: some tokens of some sequences.
package struct ScheduledBatch: Sendable {
    package struct Entry: Sendable, Hashable {
        package var id: UInt64
        /// Tells this request from a later one with the same id.
        var arrival: UInt64
        /// How many of the sequence's tokens the step computes, drafted ones included.
        package var tokenCount: Int
        /// Tokens of the sequence in this step, drafted ones included.
        package var contextLength: Int
        /// Whether the step reaches the sequence's end, so that its next token is drawn.
        package var isSampled: Bool
        /// Guesses at what comes next; each has a row of logits, behind the row of the sequence's last token.
        var draft: Draft

        package var draftTokens: [Int32] { draft.tokens }
    }

    /// In the order of the batch's rows.
    package var entries: [Entry] = []
    package var inputs = BatchInputs()
    /// Requests that take part in a step for the first time.
    package var admitted: [UInt64] = []
    /// Whether no prompt is computed: such steps show what rows cost.
    package var isDecodeOnly = false

    /// Rows of the step.
    package var tokenCount = 0
    /// The entries whose next token is drawn, in the order of the logits' rows.
    package var sampledEntries: [Entry] { entries.filter(\.isSampled) }
}

/// What one token that a step gave meant for its request.
package struct SequenceUpdate: Sendable, Hashable {
    package var id: UInt64
    package var token: Int
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
    /// Tokens that were guessed, and how many of them were right.
    package var draftTokens: Int
    package var acceptedTokens: Int
}
