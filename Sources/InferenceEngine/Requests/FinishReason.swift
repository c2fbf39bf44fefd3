/// Why an answer ended.
package enum FinishReason: String, Sendable, Hashable, Codable {
    /// The model drew a stop token.
    case stop
    /// The answer reached its longest length, or the context or the cache its end.
    case length
    /// The caller cancelled it or stopped listening.
    case cancelled
}
