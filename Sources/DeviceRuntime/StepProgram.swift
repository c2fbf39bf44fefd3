/// The names of the step program's inputs, outputs and symbols: one program runs any mixture of prefill and decode.
///
/// A step is a flat batch of `tokens` rows of `sequences` sequences. Inputs are int32 and in this order.
package enum StepProgram {
    package static let name = "step"

    /// `[tokens]`.
    package static let tokenIDs = "token_ids"
    /// `[tokens]`: the position of each token in its sequence.
    package static let positions = "positions"
    /// `[tokens]`: where to write its key and value: block index * block size + offset.
    package static let slots = "slots"
    /// `[sequences + 1]`: the first row of each sequence, and the number of rows.
    package static let sequenceStarts = "sequence_starts"
    /// `[sequences]`: tokens of the sequence after this step.
    package static let contextLengths = "context_lengths"
    /// `[sequences, table]`: the cache blocks of each sequence, in order; entries past its context are not read.
    package static let blockTables = "block_tables"
    /// `[outputs]`: the rows whose logits are wanted.
    package static let outputRows = "output_rows"
    package static let inputs = [
        tokenIDs, positions, slots, sequenceStarts, contextLengths, blockTables, outputRows,
    ]

    /// Output `[outputs, vocabulary]` float32.
    package static let logits = "logits"

    // Symbols: `cacheBlocks` is bound when the program is loaded, the others by each run.
    package static let tokens = "tokens"
    package static let sequences = "sequences"
    package static let table = "table"
    package static let outputs = "outputs"
    package static let cacheBlocks = "cache_blocks"

    /// States `key_cache.N` and `value_cache.N` of layer N.
    package static func keyCache(_ layer: Int) -> String { "key_cache.\(layer)" }
    package static func valueCache(_ layer: Int) -> String { "value_cache.\(layer)" }
}
