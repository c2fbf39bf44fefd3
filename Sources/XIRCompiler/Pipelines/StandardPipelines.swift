import DeviceRuntime
import Tensors
import XIR

extension PassPipeline {
    /// Recognises the structure of a decoder in an imported graph; what comes out is still dense.
    package static let recognition = PassPipeline([
        WidenActivations(),
        canonicalize,
        FoldConstants(),
        EliminateCommonSubexpressions(),
        EliminateDeadCode(),
        PatternPass("form-linear", FormLinear()),
        PatternPass("fuse-embedding", FuseEmbedding()),
        PatternPass("fuse-rms-norm", FuseRMSNorm()),
        PatternPass("fuse-silu", FuseSiLU()),
        PatternPass("fuse-swiglu", FuseSwiGLU()),
        PatternPass("fuse-rotary-embedding", FuseRotaryEmbedding()),
        PatternPass("fuse-attention", FuseAttention()),
        EliminateDeadCode(),
    ])

    /// From the recognised decoder to a step program without further fusion: what every target can start from.
    package static func paging(_ options: CompilerOptions) -> PassPipeline {
        PassPipeline([
            PageKVCache(blockSize: options.blockSize, elementType: options.cacheElementType),
            canonicalize,
            EliminateDeadCode(),
        ])
    }

    /// Fewer and larger kernels.
    package static let fusion = PassPipeline([
        MergeQKVProjections(),
        MergeGateUpProjections(),
        PatternPass("fuse-residual-rms-norm", FuseResidualRMSNorm()),
        canonicalize,
        PatternPass("fuse-rotary-cache-write", FuseRotaryCacheWrite()),
        EliminateCommonSubexpressions(),
        EliminateDeadCode(),
    ])

    /// All passes for these options, in order.
    package static func standard(_ options: CompilerOptions) -> PassPipeline {
        var passes = recognition.passes + paging(options).passes
        // Before the fusions, which copy weights: copies are smaller then.
        if let quantize = QuantizeWeights(options) { passes.append(quantize) }
        if options.fuse { passes += fusion.passes }
        if options.target == .kunlun {
            passes += [
                ConvertWeights(to: .float16), LegalizeForKunlun(widestProduct: options.widestProduct),
                EliminateDeadCode(),
            ]
            return PassPipeline(passes)
        }
        switch options.weights {
        case .stored: break
        case .float16: passes.append(ConvertWeights(to: .float16))
        case .float32: passes.append(ConvertWeights(to: .float32))
        case .packed(let packing, let group): passes.append(PackWeights(packing, group: group))
        }
        return PassPipeline(passes)
    }

    /// Every pass that `kongur optimize` can run by name.
    package static func named(_ name: String, _ options: CompilerOptions) throws(CompilerError) -> any Pass {
        var all = standard(options).passes
        for form in [WeightForm.float32, .int8] {
            var options = options
            options.weights = form
            all += standard(options).passes
        }
        var kunlun = options
        kunlun.target = .kunlun
        all += standard(kunlun).passes
        if let pass = all.first(where: { $0.name == name }) { return pass }
        var names: [String] = []
        for pass in all where !names.contains(pass.name) { names.append(pass.name) }
        throw CompilerError(.unknownPass, "there is no pass '\(name)'; the passes are \(names.joined(separator: ", "))")
    }

    private static let canonicalize = PatternPass("canonicalize", Canonicalize())
}
