package import DeviceRuntime
import Tensors
package import XIR

/// Compiles an imported decoder into a step program for a device.
///
/// A pure function of its inputs.
package struct Compiler: Sendable {
    package var options: CompilerOptions

    package init(options: CompilerOptions = CompilerOptions()) {
        self.options = options
    }

    /// The program, and what each pass did.
    package struct Compilation: Sendable {
        package var model: CompiledModel
        package var reports: [PassReport]
        /// The module from which the program was made.
        package var module: Module
    }

    /// Compiles the module's only function, a dense decoder with `input_ids` and `logits`.
    ///
    /// `observer` sees the module after each pass. Throws `.unsupportedGraph` with the reason when the graph is not one
    /// that becomes a step program; the refusals in the reports before it say more. Throws `.unsupportedOperation` naming
    /// everything that the target does not have.
    package func compile(
        _ module: Module,
        contextLength: Int,
        stopTokenIDs: Set<Int>,
        observer: (String, Module) throws(CompilerError) -> Void = { (_, _) throws(CompilerError) in }
    ) throws(CompilerError) -> Compilation {
        if let reason = options.target.refusal(of: options) { throw CompilerError(.unsupportedOperation, reason) }
        var module = module
        var reports = [PassReport("import", PassOutcome(), module, options)]
        try observer("import", module)
        do throws(CompilerError) {
            try PassPipeline.standard(options).run(on: &module) { (pass, module, outcome) throws(CompilerError) in
                reports.append(PassReport(pass.name, outcome, module, options))
                try observer(pass.name, module)
            }
        } catch {
            let refusals = reports.flatMap(\.refusals)
            guard error.code == .unsupportedGraph, !refusals.isEmpty else { throw error }
            throw CompilerError(
                .unsupportedGraph,
                "\(error.message); passes left alone: \(refusals.joined(separator: "; "))",
                cause: error
            )
        }
        let model = try lower(module, contextLength: contextLength, stopTokenIDs: stopTokenIDs)
        return Compilation(model: model, reports: reports, module: module)
    }

    private func lower(_ module: Module, contextLength: Int, stopTokenIDs: Set<Int>) throws(CompilerError)
        -> CompiledModel
    {
        guard let function = module.function(named: StepProgram.name),
            let logits = function.results.first(where: { $0.name == StepProgram.logits }),
            let vocabularySize = function.type(logits.value).extents.last?.fixed,
            let cache = function.parameter(named: StepProgram.keyCache(0)).map({ function.type($0.value) }),
            let kvHeads = cache.extents[1].fixed, let row = CacheRow(of: cache)
        else { throw CompilerError(.unsupportedGraph, "the passes did not yield a step program") }
        let contextLength = min(options.contextLength ?? contextLength, contextLength)
        let table = (contextLength + options.blockSize - 1) / options.blockSize
        let limits = [
            StepProgram.tokens: options.tokens, StepProgram.sequences: options.sequences,
            StepProgram.outputs: options.outputs, StepProgram.table: table,
        ]
        return CompiledModel(
            program: try ProgramEmitter.emit(function, constants: module.constants, limits: limits),
            cache: KVCacheLayout(
                layers: function.parameters.count { $0.kind == .state } / 2,
                kvHeads: kvHeads,
                headDim: row.headDim,
                blockSize: options.blockSize,
                elementType: row.elementType
            ),
            vocabularySize: vocabularySize,
            contextLength: contextLength,
            // A token that the model does not have cannot end an answer.
            stopTokenIDs: stopTokenIDs.filter { (0..<vocabularySize).contains($0) }
        )
    }
}
