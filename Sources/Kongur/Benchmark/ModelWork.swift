package import DeviceRuntime
import Tensors
import XIR

/// What a step of a model must read and compute at least, whatever the kernels.
package struct ModelWork: Sendable, Hashable {
    /// Bytes of the weights that every step reads.
    package let weightByteCount: Int
    /// Operations of the matrix products for each row, and for each row whose logits are wanted; two for each weight.
    package let operationsPerRow: Int
    package let operationsPerOutput: Int
    /// Bytes of keys and values of one token.
    package let cacheByteCount: Int

    package init(_ model: CompiledModel) {
        var (bytes, perRow, perOutput) = (0, 0, 0)
        var counted: Set<Int> = []
        let program = model.program
        for step in program.steps {
            for operand in step.operands {
                guard case .constant(let position) = program.values[operand].place, !counted.contains(position) else {
                    continue
                }
                // A look-up reads the rows that it takes, unless the table is also the output head.
                if step.operation.hasSuffix("embedding") { continue }
                counted.insert(position)
                bytes += program.constants[position].tensor.byteCount
            }
            guard ["linear", "packed_linear", "packed_swiglu"].contains(step.operation) else { continue }
            let (x, y) = (program.values[step.operands[0]].type, program.values[step.results[0]].type)
            guard let inputs = x.extents.last?.fixed, let features = y.extents.last?.fixed else { continue }
            let operations = 2 * inputs * features * (step.operation == "packed_swiglu" ? 2 : 1)
            if x.symbols.contains(StepProgram.outputs) { perOutput += operations } else { perRow += operations }
        }
        weightByteCount = bytes
        operationsPerRow = perRow
        operationsPerOutput = perOutput
        cacheByteCount = model.cache.blockByteCount / model.cache.blockSize
    }
}
