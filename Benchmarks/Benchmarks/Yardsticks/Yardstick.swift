package import CKernels

/// A piece of work that takes as long as the processor needs at least, run beside what is measured.
///
/// Times of one machine say nothing on another, and not much an hour later where it is shared; how many times as long as its
/// yardstick something takes, in the same moment, says both.
package enum Yardstick: Sendable {
    /// Reading so many bytes from memory and multiplying so often on registers, whichever takes longer: the limit of a kernel.
    case limit(bytes: Int, operations: Int, ck_peak_t)
    /// A fixed number of multiplications, about a millisecond, for what is not bound by either.
    case processor

    /// Bytes, and operations in rounds of `ck_peak`.
    private var work: (bytes: Int, rounds: Int, peak: ck_peak_t) {
        switch self {
        case .limit(let bytes, let operations, let peak): (bytes, operations >> 20, peak)
        case .processor: (0, 256, CK_PEAK_F32)
        }
    }

    /// Does one half of the work, so that the other can follow on what is measured; the seconds of each kind.
    func half(_ memory: Memory) -> (read: Double, multiply: Double) {
        let (bytes, rounds, peak) = work
        return (
            seconds { memory.read(bytes / 2) },
            seconds { _ = ck_peak(peak, Int64((rounds + 1) / 2)) }
        )
    }
}

/// The time that `body` takes.
func seconds(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    body()
    return (ContinuousClock.now - start) / .seconds(1)
}
