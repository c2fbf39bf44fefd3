import Tensors
import XIR

/// Finds out whether positions `[batch, sequence]` are those of the tokens: past + 0, past + 1, and so on in each row.
struct PositionProbe {
    let probe: DenseProbe

    /// Why they are not, or nil when they are.
    func objection() -> String? {
        do {
            try probe.checkInputs()
            for sample in probe.samples {
                let positions = try probe.evaluate(sample) { input, column in
                    // The numbers of the tokens say nothing about where they stand.
                    if probe.name(input) == "input_ids" { return 0 }
                    return probe.isPaddingMask(input) ? 1 : sample.past + column
                }
                let expected = (0..<positions.elementCount).map { sample.past + $0 % sample.sequence }
                guard positions.integers == expected else {
                    return "they are \(positions.integers ?? []) for \(sample.sequence) tokens after \(sample.past)"
                }
            }
            return nil
        } catch {
            return error.reason
        }
    }
}
