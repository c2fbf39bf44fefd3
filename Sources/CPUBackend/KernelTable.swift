import DeviceRuntime

/// The operations that the CPU has kernels for.
enum KernelTable {
    /// Makes the kernel of one step, or throws `.unsupported`; nil where the next step's kernel does this one's work.
    typealias Factory = @Sendable (ProgramStep, inout KernelBuilder) throws(DeviceError) -> Kernel?

    static let factories: [String: Factory] = [
        "embedding": gather, "gather": gather, "slice": slice, "reshape": reshape, "cast": cast,
        "linear": linear,
        "packed_linear": packedLinear, "packed_swiglu": packedSwiGLU, "packed_embedding": packedEmbedding,
        "rms_norm": rmsNorm, "add_rms_norm": rmsNorm, "softmax": softmax,
        "rotary": rotary, "cache_write": cacheWrite, "rotary_cache_write": rotaryCacheWrite,
        "paged_attention": pagedAttention,
        "swiglu": swiglu, "silu": silu, "exp": exponential,
        "add": add, "sub": subtract, "mul": multiply, "div": divide,
    ]

    /// The operations that XIR also has with activations in f16, and which operands these are.
    static let activations: [String: [Int]] = [
        "embedding": [], "linear": [0], "swiglu": [0, 1], "rms_norm": [0], "add_rms_norm": [0, 1], "rotary": [0],
        "cache_write": [1], "rotary_cache_write": [0], "paged_attention": [0],
    ]

    /// Operations whose result may stand where an operand stands.
    static let worksInPlace: Set<String> = ["silu", "exp", "reshape", "rms_norm", "softmax"]
}
