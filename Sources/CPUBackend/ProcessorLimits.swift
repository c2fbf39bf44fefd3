import CKernels
package import DeviceRuntime

/// What a processor can do at most: the speed of reading memory and of multiplying on registers.
package struct ProcessorLimits: Sendable, Hashable {
    package var threadCount: Int
    /// Bytes per second.
    package var read: Double
    /// Operations per second, a multiply and an add being two: bytes, bfloat16 and float32.
    package var int8: Double
    package var bfloat16: Double
    package var float32: Double
}

/// Measures limits by running what the kernels are made of.
package final class LimitsProbe: Sendable {
    private let team: ThreadTeam
    private let memory: Memory

    /// Much more than any cache holds.
    private static let byteCount = 1 << 30

    /// `threads` nil takes as many as the process may keep busy.
    ///
    /// Takes a GiB of memory. Throws `.outOfMemory`.
    package init(threads: Int? = nil) throws(DeviceError) {
        guard let team = ThreadTeam(threads: max(1, threads ?? Processors.available)) else {
            throw DeviceError(.outOfMemory, "the operating system gives no more threads")
        }
        self.team = team
        memory = try Memory(byteCount: Self.byteCount, purpose: "the measurement of reading")
        // Pages that were never written are all the same one.
        let memory = memory
        team.run { worker in
            let part = Self.byteCount / worker.count
            (memory.base + worker.index * part).initializeMemory(as: UInt8.self, repeating: 1, count: part)
        }
    }

    /// One measurement of each, a few tenths of a second together.
    package func measure() -> ProcessorLimits {
        ProcessorLimits(
            threadCount: team.threadCount,
            read: read(),
            int8: peak(CK_PEAK_INT8),
            bfloat16: peak(CK_PEAK_BF16),
            float32: peak(CK_PEAK_F32)
        )
    }

    /// Bytes per second from memory that is too large for any cache.
    package func read() -> Double { read(byteCount: Self.byteCount, rounds: 1) }

    /// Bytes per second from so many bytes, read again and again: those of a cache that holds them.
    package func read(byteCount: Int, rounds: Int) -> Double {
        let part = byteCount / team.threadCount / 1024 * 1024
        let memory = memory
        func round() -> Double {
            time { worker in
                for _ in 0..<rounds { _ = ck_read(memory.base + worker.index * part, Int64(part)) }
            }
        }
        if rounds > 1 { _ = round() }
        return Double(part * team.threadCount * rounds) / round()
    }

    private func peak(_ kind: ck_peak_t) -> Double {
        let rounds: Int64 = 8192
        let operations = Double(ck_peak(kind, 1)) * Double(rounds) * Double(team.threadCount)
        return operations / time { _ in _ = ck_peak(kind, rounds) }
    }

    private func time(_ body: (Worker) -> Void) -> Double {
        let start = ContinuousClock.now
        team.run(body)
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
