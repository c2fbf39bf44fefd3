import Kongur

extension LanguageModel {
    /// Loads a model; who watches sees how far it is where it has to be compiled first.
    static func loadWithProgress(_ name: String?, _ options: ModelOptions) throws -> LanguageModel {
        let bar = ProgressBar(after: .milliseconds(500))
        defer { bar.clear() }
        let model = try load(name, options: options, connections: 0, answers: 0, progress: bar.show) { _ in { _ in nil }
        }
        bar.clear()
        for notice in model.notices { Console.warn(notice) }
        return model
    }
}

extension ProgressBar {
    func show(_ progress: CompilationProgress) {
        show(done: progress.done, of: progress.total, unit: .steps, note: "compiling: \(progress.current ?? "done")")
    }
}
