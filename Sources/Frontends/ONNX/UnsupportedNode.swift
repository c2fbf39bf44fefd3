import ONNX

extension FrontendError {
    /// The reason why one node of a graph was not imported.
    static func unsupportedNode(_ node: Node, _ reason: String, cause: (any Error & Sendable)? = nil) -> FrontendError {
        FrontendError(.unsupported, "\(node): \(reason)", cause: cause)
    }
}
