/// The sizes of a decoder: all that its cost depends on.
package struct DecoderShape: Sendable, Hashable {
    package var vocabulary: Int
    package var hidden: Int
    package var intermediate: Int
    package var layers: Int
    package var heads: Int
    package var keyValueHeads: Int
    package var headDim: Int
    /// The most tokens of a sequence.
    package var contextLength: Int
    /// Whether the logits are computed with the embedding table.
    package var tiesEmbeddings: Bool
    package var hasQueryKeyValueBias: Bool
    package var hasAttentionOutputBias: Bool
    package var hasMLPBias: Bool
    /// Whether each head of query and key is normalised.
    package var hasQueryKeyNorm: Bool

    package init(
        vocabulary: Int,
        hidden: Int,
        intermediate: Int,
        layers: Int,
        heads: Int,
        keyValueHeads: Int,
        headDim: Int,
        contextLength: Int,
        tiesEmbeddings: Bool,
        hasQueryKeyValueBias: Bool = false,
        hasAttentionOutputBias: Bool = false,
        hasMLPBias: Bool = false,
        hasQueryKeyNorm: Bool = false
    ) {
        self.vocabulary = vocabulary
        self.hidden = hidden
        self.intermediate = intermediate
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headDim = headDim
        self.contextLength = contextLength
        self.tiesEmbeddings = tiesEmbeddings
        self.hasQueryKeyValueBias = hasQueryKeyValueBias
        self.hasAttentionOutputBias = hasAttentionOutputBias
        self.hasMLPBias = hasMLPBias
        self.hasQueryKeyNorm = hasQueryKeyNorm
    }

    /// Output features of queries, and of keys, which are as many as of values.
    package var queryWidth: Int { heads * headDim }
    package var keyWidth: Int { keyValueHeads * headDim }

    /// Weights, an embedding that is also the output head counted once.
    package var parameterCount: Int {
        let attention = hidden * (queryWidth + 2 * keyWidth) + queryWidth * hidden
        let biases =
            (hasQueryKeyValueBias ? queryWidth + 2 * keyWidth : 0) + (hasAttentionOutputBias ? hidden : 0)
            + (hasMLPBias ? 2 * intermediate + hidden : 0)
        let layer = attention + 3 * hidden * intermediate + 2 * hidden + biases + (hasQueryKeyNorm ? 2 * headDim : 0)
        return layers * layer + (tiesEmbeddings ? 1 : 2) * vocabulary * hidden + hidden
    }
}
