import CKernels
import DeviceRuntime
import XIR

/// The fixed shape of a cache state: `[blocks, kv_heads, block, head_dim]`, or in i8 as `CacheRow` says.
struct CacheLayout {
    let blocks: Int
    let kvHeads: Int
    let blockSize: Int
    let headDim: Int
    let type: ck_type_t

    init(_ cache: Int, _ step: ProgramStep, _ builder: KernelBuilder) throws(DeviceError) {
        blocks = try builder.fixed(cache, axis: 0, step)
        kvHeads = try builder.fixed(cache, axis: 1, step)
        blockSize = try builder.fixed(cache, axis: 2, step)
        guard let row = CacheRow(of: builder.type(cache)) else {
            throw builder.unsupported(step, "\(builder.type(cache)) is no cache")
        }
        headDim = row.headDim
        type = row.hasScale ? CK_I8 : try builder.storage(cache, step)
        guard slotCount <= Int(Int32.max) else {
            throw builder.unsupported(step, "\(slotCount) slots are more than i32 can number; use fewer cache blocks")
        }
    }

    var slotCount: Int { blocks * blockSize }

    func cache(_ frame: Frame, _ value: Int) -> ck_cache_t {
        ck_cache_t(
            elements: frame.pointers[value],
            type: type,
            kv_heads: Int64(kvHeads),
            block_size: Int64(blockSize),
            head_dim: Int64(headDim)
        )
    }
}
