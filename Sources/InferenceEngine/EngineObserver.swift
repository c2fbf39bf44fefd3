/// Told what becomes of requests as it happens, for metrics.
///
/// Called on the engine's thread between steps: it must be quick and must not wait.
package protocol EngineObserver: Sendable {
    /// The first token of an answer was drawn, so long after the request was submitted.
    func drewFirstToken(after duration: Duration)
    /// Another token of an answer was drawn, so long after the one before it; tokens that were guessed right come together.
    func drewToken(after duration: Duration)
    /// An answer is complete or was cancelled.
    func finished(_ request: GenerationRequest, _ summary: GenerationSummary)
    /// A request was refused or could not be finished.
    func failed(_ request: GenerationRequest, _ error: EngineError)
}
