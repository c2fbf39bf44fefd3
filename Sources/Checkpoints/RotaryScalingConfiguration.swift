#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension RotaryScaling {
    /// Reads `rope_theta` and `rope_scaling`, or `rope_parameters` as transformers 5 writes it.
    init(_ configuration: JSONObject, contextLength: Int) throws(CheckpointError) {
        // As in transformers, `rope_scaling` wins unless it is empty.
        var scaling = try configuration.object("rope_scaling")
        if scaling?.members.isEmpty ?? true { scaling = try configuration.object("rope_parameters") }
        let parameters = scaling ?? JSONObject(file: configuration.file, path: "rope_parameters.", members: [:])
        for (key, value) in parameters.members {
            if case .object = value {
                throw parameters.unsupported(key, "is an object: frequencies per layer type are not supported")
            }
        }
        var theta = try parameters.positiveNumber("rope_theta")
        if theta == nil { theta = try configuration.positiveNumber("rope_theta") }
        self.init(theta: theta ?? 10_000)
        guard self.theta > 1 else { throw configuration.malformed("rope_theta", "should be more than 1") }
        var partial = try parameters.number("partial_rotary_factor")
        if partial == nil { partial = try configuration.number("partial_rotary_factor") }
        guard partial ?? 1 == 1 else {
            throw configuration.unsupported(
                "partial_rotary_factor",
                "is not 1: heads that turn in part are not supported"
            )
        }
        method = try Self.method(parameters, configuration, contextLength: contextLength)
    }

    private static func method(_ parameters: JSONObject, _ configuration: JSONObject, contextLength: Int)
        throws(CheckpointError) -> Method
    {
        func required(_ key: String) throws(CheckpointError) -> Double {
            guard let number = try parameters.positiveNumber(key) else { throw parameters.malformed(key, "is missing") }
            return number
        }
        func originalContextLength() throws(CheckpointError) -> Double {
            if let length = try configuration.positiveNumber("original_max_position_embeddings") { return length }
            return try parameters.positiveNumber("original_max_position_embeddings") ?? Double(contextLength)
        }
        var type = try parameters.string("rope_type")
        if type == nil { type = try parameters.string("type") }
        switch type ?? "default" {
        case "default":
            return .none
        case "linear":
            return .linear(factor: try required("factor"))
        case "llama3":
            let low = try required("low_freq_factor")
            let high = try required("high_freq_factor")
            guard low < high else {
                throw parameters.malformed("low_freq_factor", "should be less than high_freq_factor")
            }
            return .llama3(
                factor: try required("factor"),
                lowFrequencyFactor: low,
                highFrequencyFactor: high,
                originalContextLength: try originalContextLength()
            )
        case "yarn":
            let original = try originalContextLength()
            let factor = try parameters.positiveNumber("factor") ?? Double(contextLength) / original
            return .yarn(try YaRN(parameters, factor: factor, originalContextLength: original))
        case let other:
            throw parameters.unsupported(
                "rope_type",
                "is '\(other)'; supported are default, linear, llama3 and yarn"
            )
        }
    }
}

extension RotaryScaling.YaRN {
    fileprivate init(_ parameters: JSONObject, factor: Double, originalContextLength: Double) throws(CheckpointError) {
        func magnitude(_ scale: Double, _ multiplier: Double) -> Double {
            scale <= 1 ? 1 : 0.1 * multiplier * log(scale) + 1
        }
        /// A number where 0 means the usual value.
        func nonZero(_ key: String) throws(CheckpointError) -> Double? {
            guard let number = try parameters.number(key), number != 0 else { return nil }
            guard number > 0 else { throw parameters.malformed(key, "should not be negative") }
            return number
        }
        let multiplier = try nonZero("mscale")
        let multiplierAllDimensions = try nonZero("mscale_all_dim")
        var attentionFactor = try parameters.positiveNumber("attention_factor")
        if attentionFactor == nil, let multiplier, let multiplierAllDimensions {
            attentionFactor = magnitude(factor, multiplier) / magnitude(factor, multiplierAllDimensions)
        }
        self.init(
            factor: factor,
            attentionFactor: attentionFactor ?? magnitude(factor, 1),
            betaFast: try nonZero("beta_fast") ?? 32,
            betaSlow: try nonZero("beta_slow") ?? 1,
            originalContextLength: originalContextLength,
            truncates: try parameters.bool("truncate") ?? true
        )
    }
}
