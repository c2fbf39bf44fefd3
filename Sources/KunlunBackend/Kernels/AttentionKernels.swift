import CKunlun
import DeviceRuntime
import Tensors
import XIR

extension KunlunKernels {
    static func rotaryCacheWrite(_ step: ProgramStep, _ function: @escaping kongur_kunlun_rotary_cache_write_f)
        -> KunlunKernel
    {
        KunlunKernel("kongur_kunlun_rotary_cache_write") { (frame) throws(DeviceError) in
            let (qkv, cache) = (step.operands[0], step.operands[4])
            let shape = try attentionShape(tokens: qkv, cache: cache, step, frame)
            let hasNorms = step.operands.count > 7
            let slots = Int(Int32.min)..<Int(shape.blocks * shape.block_size)
            return try frame.withIntegers(step.operands[1]) { (positions) throws(DeviceError) in
                try frame.withIntegers(step.operands[2], in: slots) { (slots) throws(DeviceError) in
                    function(
                        frame.context,
                        shape,
                        frame.halves(qkv),
                        positions,
                        slots,
                        frame.floats(step.operands[3]),
                        step.number("scale"),
                        hasNorms ? frame.floats(step.operands[6]) : nil,
                        hasNorms ? frame.floats(step.operands[7]) : nil,
                        step.number("epsilon"),
                        frame.halves(cache),
                        frame.halves(step.operands[5]),
                        frame.halves(step.results[0])
                    )
                }
            }
        }
    }

    static func pagedAttention(_ step: ProgramStep, _ function: @escaping kongur_kunlun_paged_attention_f)
        -> KunlunKernel
    {
        KunlunKernel("kongur_kunlun_paged_attention") { (frame) throws(DeviceError) in
            let (query, cache) = (step.operands[0], step.operands[1])
            let shape = try attentionShape(tokens: query, cache: cache, step, frame)
            return try frame.withIntegers(step.operands[3], in: 0..<Int(shape.tokens) + 1) {
                (starts) throws(DeviceError) in
                try frame.withIntegers(step.operands[4]) { (lengths) throws(DeviceError) in
                    try frame.withIntegers(step.operands[5]) { (tables) throws(DeviceError) in
                        try check(starts, lengths, tables, shape)
                        return function(
                            frame.context,
                            shape,
                            frame.halves(query),
                            frame.halves(cache),
                            frame.halves(step.operands[2]),
                            starts,
                            lengths,
                            tables,
                            step.number("scale"),
                            frame.halves(step.results[0])
                        )
                    }
                }
            }
        }
    }

    /// A device must not read what is outside the cache: each sequence's rows are its last tokens, and these have blocks.
    private static func check(
        _ starts: kongur_kunlun_ints,
        _ lengths: kongur_kunlun_ints,
        _ tables: kongur_kunlun_ints,
        _ shape: kongur_kunlun_attention_shape
    ) throws(DeviceError) {
        guard lengths.count > 0 else { return }
        let columns = tables.count / lengths.count
        for sequence in 0..<Int(lengths.count) {
            let length = Int64(lengths.host[sequence])
            let rows = Int64(starts.host[sequence + 1]) - Int64(starts.host[sequence])
            let blocks = (length + shape.block_size - 1) / shape.block_size
            guard length >= 0, rows >= 0, rows <= length, blocks <= columns else {
                throw DeviceError(
                    .invalidInput,
                    "sequence \(sequence) has \(rows) rows, \(length) tokens and \(columns) blocks of \(shape.block_size)"
                )
            }
            for column in 0..<Int(blocks) {
                let block = tables.host[sequence * Int(columns) + column]
                guard block >= 0, block < shape.blocks else {
                    throw DeviceError(.invalidInput, "sequence \(sequence) has block \(block) of \(shape.blocks)")
                }
            }
        }
    }

    private static func attentionShape(tokens: Int, cache: Int, _ step: ProgramStep, _ frame: KunlunFrame)
        throws(DeviceError) -> kongur_kunlun_attention_shape
    {
        kongur_kunlun_attention_shape(
            tokens: Int64(try frame.extent(tokens, 0)),
            heads: Int64(step.integer("heads")),
            kv_heads: Int64(try frame.extent(cache, 1)),
            head_dim: Int64(try frame.extent(cache, 3)),
            blocks: Int64(try frame.extent(cache, 0)),
            block_size: Int64(try frame.extent(cache, 2))
        )
    }
}
