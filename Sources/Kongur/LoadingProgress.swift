/// How far the loading of a model is.
public enum LoadingProgress: Sendable, Hashable {
    /// Its files are found and looked at. A model that was compiled before needs nothing else.
    case reading
    /// It is compiled, which happens once: the step under way, and the share of the steps that are done. Steps differ in
    /// length.
    case compiling(step: String, fraction: Double)
}

extension LoadingProgress {
    init?(_ progress: CompilationProgress) {
        guard let step = progress.current else { return nil }
        self = .compiling(step: step, fraction: Double(progress.done) / Double(progress.total))
    }
}
