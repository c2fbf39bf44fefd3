import DeviceRuntime
package import Tensors
package import XIR
package import XIRCompiler

/// From a checkpoint or an ONNX file to a step program: export, import, compile.
package struct ModelCompilation {
    package let source: ModelSource
    /// The cache's element type was chosen from the model's shape.
    package var options: CompilerOptions

    /// Key/value caches of one whole context up to this size are float32: they cost little then, and nothing is rounded.
    private static let exactCacheByteCount = 256 << 20
    /// The context of a graph that does not say how long it may be.
    private static let defaultContextLength = 4096

    let module: Module
    /// The most tokens of a sequence.
    package let contextLength: Int

    /// Opens and imports a model; where `cache` is nil, the cache's element type is chosen from the model's shape.
    package init(_ location: ModelLocator.Location, _ options: CompilerOptions, cache: ElementType?) throws {
        source = try ModelSource(location)
        module = try source.module()
        let own = source.contextLength ?? Self.defaultContextLength
        contextLength = min(options.contextLength ?? own, own)
        var options = options
        let (exact, isLarge) = Self.cacheByteCount(module).multipliedReportingOverflow(by: contextLength)
        let isExact = options.target == .cpu && !isLarge && exact <= Self.exactCacheByteCount
        options.cacheElementType = cache ?? (isExact ? .float32 : .float16)
        self.options = options
    }

    /// The compiled model, and what each pass did.
    ///
    /// `observer` sees the module after each pass.
    package func run(
        observer: (String, Module) throws(CompilerError) -> Void = { (_, _) throws(CompilerError) in }
    ) throws -> Compiler.Compilation {
        try Compiler(options: options).compile(
            module,
            contextLength: contextLength,
            stopTokenIDs: source.stopTokenIDs,
            observer: observer
        )
    }

    /// Bytes of keys and values of one token in float32.
    private static func cacheByteCount(_ module: Module) -> Int {
        guard let function = module.functions.first else { return 0 }
        return function.parameters.reduce(0) { sum, parameter in
            let type = function.type(parameter.value)
            guard function[parameter.value].name?.hasPrefix("past_key_values") == true, type.rank == 4,
                let heads = type.extents[1].fixed, let headDim = type.extents[3].fixed,
                let count = Shape([heads, headDim, 4]).checkedElementCount
            else { return sum }
            let (total, overflow) = sum.addingReportingOverflow(count)
            return overflow ? .max : total
        }
    }
}
