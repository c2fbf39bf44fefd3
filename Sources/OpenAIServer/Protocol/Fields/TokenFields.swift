import InferenceEngine
import Tokenizers

/// The members that name tokens: which end the answer, are more or less probable, or are never drawn.
struct TokenFields: Sendable {
    let stopTokenIDs: Set<Int>
    let allowedTokenIDs: Set<Int>?
    private(set) var logitBias: [Int: Float] = [:]
    private(set) var forbiddenTokenIDs: Set<Int> = []

    init(_ fields: RequestFields, _ limits: RequestLimits) throws(APIError) {
        stopTokenIDs = try Self.tokenIDs(fields, "stop_token_ids", limits, most: limits.namedTokens) ?? []
        allowedTokenIDs = try Self.tokenIDs(fields, "allowed_token_ids", limits, most: limits.vocabularySize)
        if let allowedTokenIDs, allowedTokenIDs.isEmpty {
            throw .invalid("allowed_token_ids", "'allowed_token_ids' is empty: no token could be drawn")
        }
        guard let value = fields.value("logit_bias") else { return }
        if let object = value.object {
            try Self.check(object.count, limits)
            for (key, bias) in zip(object.keys, object.values) { try add(bias, to: key, Int(key), limits) }
        } else if let pairs = value.array {
            try Self.check(pairs.count, limits)
            for pair in pairs {
                guard let pair = pair.array, pair.count == 2 else {
                    throw fields.wrong("logit_bias", pair, "pairs of a token id and a bias")
                }
                try add(pair[1], to: pair[0].string ?? pair[0].json, pair[0].int, limits)
            }
        } else {
            throw fields.wrong("logit_bias", value, "an object from token ids to biases, or a list of such pairs")
        }
    }

    private static func check(_ count: Int, _ limits: RequestLimits) throws(APIError) {
        guard count <= limits.namedTokens else {
            throw .invalid("logit_bias", "'logit_bias' has \(count) tokens; \(limits.namedTokens) are allowed")
        }
    }

    private mutating func add(
        _ bias: JSONValue,
        to key: String,
        _ id: Int?,
        _ limits: RequestLimits
    ) throws(APIError) {
        guard let id, (0..<limits.vocabularySize).contains(id) else {
            throw .invalid(
                "logit_bias",
                "'logit_bias' names '\(key.escaped(limit: 32))', which is no token id below \(limits.vocabularySize)"
            )
        }
        if bias == false {
            forbiddenTokenIDs.insert(id)
        } else {
            logitBias[id] = Float(try RequestFields.number(bias, in: -100...100, name: "logit_bias"))
        }
    }

    private static func tokenIDs(
        _ fields: RequestFields,
        _ key: String,
        _ limits: RequestLimits,
        most: Int
    ) throws(APIError) -> Set<Int>? {
        guard let elements = try fields.array(key, maxCount: most) else { return nil }
        return Set(try CompletionRequest.tokenIDs(elements, limits, name: key))
    }
}
