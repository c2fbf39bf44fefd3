package import XIRCompiler

/// How far the compilation of a model is, in steps of different length.
package struct CompilationProgress: Sendable, Hashable {
    private let steps: [String]
    package private(set) var done = 0

    package var total: Int { steps.count }
    /// What is done now; nil at the end.
    package var current: String? { done < steps.count ? steps[done] : nil }

    /// The import, every pass of these options, and writing what came out.
    package init(_ options: CompilerOptions) {
        steps = ["import"] + PassPipeline.standard(options).passes.map(\.name) + ["write"]
    }

    /// Says that one more step is done.
    package mutating func advance() {
        done = min(done + 1, total)
    }
}
