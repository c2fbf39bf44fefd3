/// How the model's authors suggest to sample, as `generation_config.json` says; nil where it says nothing.
package struct GenerationConfiguration: Sendable, Hashable {
    package var samples: Bool?
    package var temperature: Double?
    package var topK: Int?
    package var topP: Double?
    package var repetitionPenalty: Double?
    package var maxNewTokens: Int?
    /// Tokens after which text ends: those of this file and of `config.json`, each once.
    package var stopTokenIDs: [Int]
}

extension GenerationConfiguration {
    /// Temperatures above it make all tokens alike.
    private static let hottest = 1e6

    /// Reads the file; a folder without one says nothing, and stops where `config.json` says.
    init(_ json: JSONObject?, configuration: ModelConfiguration) throws(CheckpointError) {
        try self.init(json, eosTokenIDs: configuration.eosTokenIDs)
    }

    init(_ json: JSONObject?, eosTokenIDs: [Int]) throws(CheckpointError) {
        stopTokenIDs = eosTokenIDs
        guard let json else { return }
        samples = try json.bool("do_sample")
        temperature = try json.number("temperature", in: 0...Self.hottest)
        topK = try json.integer("top_k", in: -1...Int(Int32.max))
        topP = try json.number("top_p", in: 0...1)
        repetitionPenalty = try json.positiveNumber("repetition_penalty")
        maxNewTokens = try json.integer("max_new_tokens", in: 0...Int(Int32.max))
        for id in try json.tokenIDs("eos_token_id") where !stopTokenIDs.contains(id) { stopTokenIDs.append(id) }
    }
}
