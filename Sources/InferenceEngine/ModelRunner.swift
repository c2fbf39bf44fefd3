import DeviceRuntime
import Tensors

/// Runs the step program: a batch's inputs in, rows of logits out.
struct ModelRunner {
    private let executable: any Executable
    private let vocabularySize: Int

    /// Throws `.invalidConfiguration` when the program is not a step program.
    init(_ executable: any Executable, vocabularySize: Int) throws(EngineError) {
        let program = executable.program
        guard program.inputNames == StepProgram.inputs, program.outputNames == [StepProgram.logits] else {
            throw EngineError(
                .invalidConfiguration,
                "the program '\(program.name)' takes \(program.inputNames) and gives \(program.outputNames); a step program takes \(StepProgram.inputs) and gives '\(StepProgram.logits)': compile the model again"
            )
        }
        self.executable = executable
        self.vocabularySize = vocabularySize
    }

    /// The logits of the batch's output rows; they stay valid until the next run.
    func run(_ inputs: BatchInputs) throws(EngineError) -> Logits {
        let sequences = inputs.contextLengths.count
        let outputs: [Tensor]
        do {
            outputs = try executable.run([
                vector(inputs.tokenIDs), vector(inputs.positions), vector(inputs.slots),
                vector(inputs.sequenceStarts), vector(inputs.contextLengths),
                Tensor(inputs.blockTables, [sequences, inputs.tableWidth]), vector(inputs.outputRows),
            ])
        } catch {
            throw EngineError(.deviceFailed, "the device failed: \(error.message)", cause: error)
        }
        let expected = TensorType(.float32, [inputs.outputRows.count, vocabularySize])
        guard outputs.count == 1, outputs[0].type == expected else {
            throw EngineError(
                .deviceFailed,
                "the device gave \(outputs.map(\.type)) as logits instead of \(expected)"
            )
        }
        return Logits(tensor: outputs[0])
    }

    private func vector(_ values: [Int32]) -> Tensor {
        Tensor(values, [values.count])
    }
}

/// `[rows, vocabulary]` float32.
struct Logits {
    fileprivate let tensor: Tensor

    /// Copies one row into `row`, which keeps its memory from step to step.
    func copyRow(_ index: Int, into row: inout [Float]) {
        let count = tensor.shape[1]
        if row.count != count { row = Array(repeating: 0, count: count) }
        tensor.withBytes { bytes in
            let width = count * MemoryLayout<Float>.size
            row.withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[index * width..<(index + 1) * width]))
            }
        }
    }
}
