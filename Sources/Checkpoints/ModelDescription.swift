#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `config.json` and `generation_config.json` say of a model whose weights and architecture are in another form, such
/// as an ONNX graph; both files may be absent.
package struct ModelDescription: Sendable {
    package let contextLength: Int?
    package let generation: GenerationConfiguration
    package let hasGenerationConfiguration: Bool

    /// Throws for a file that is there and not sound.
    package init(directory: String) throws(CheckpointError) {
        func object(_ name: String) throws(CheckpointError) -> JSONObject? {
            let path = "\(directory)/\(name)"
            return access(path, F_OK) == 0 ? try JSONObject(readingFile: path) : nil
        }
        let configuration = try object("config.json")
        let suggestion = try object("generation_config.json")
        contextLength = try configuration?.integer("max_position_embeddings", in: 1...Int(Int32.max))
        generation = try GenerationConfiguration(
            suggestion,
            eosTokenIDs: configuration?.tokenIDs("eos_token_id") ?? []
        )
        hasGenerationConfiguration = suggestion != nil
    }
}
