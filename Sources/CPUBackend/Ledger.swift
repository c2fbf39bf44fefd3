import DeviceRuntime
import Synchronization

/// What the executables of a device hold while they live, and what all of them have done.
final class Ledger: Sendable {
    /// What one run did; kernels by the numbers that `number(of:)` gave.
    struct Run {
        var readByteCount: Int
        var operations: Int
        var nanoseconds: [UInt64]
        var launches: [Int]
        var numbers: [Int]
    }

    private struct Book {
        var totals = DeviceStatistics()
        /// Numbers of the operations: a run adds to a row of `kernels` without looking for a name.
        var numbers: [String: Int] = [:]
        var kernels: [KernelStatistics] = []
    }

    private let book = Mutex(Book())

    var statistics: DeviceStatistics {
        book.withLock { book in
            var statistics = book.totals
            statistics.kernels = book.numbers.mapValues { book.kernels[$0] }.filter { $0.value.launches > 0 }
            return statistics
        }
    }

    /// Counts an executable's memory, or with a `sign` of -1 no longer.
    func add(_ statistics: DeviceStatistics, sign: Int) {
        book.withLock {
            $0.totals.weightByteCount += sign * statistics.weightByteCount
            $0.totals.stateByteCount += sign * statistics.stateByteCount
            $0.totals.arenaByteCount += sign * statistics.arenaByteCount
        }
    }

    func number(of operation: String) -> Int {
        book.withLock { book in
            if let number = book.numbers[operation] { return number }
            book.numbers[operation] = book.kernels.count
            book.kernels.append(KernelStatistics())
            return book.kernels.count - 1
        }
    }

    func add(_ run: Run) {
        book.withLock { book in
            book.totals.runs += 1
            book.totals.readByteCount += run.readByteCount
            book.totals.operations += run.operations
            for (index, number) in run.numbers.enumerated() {
                book.kernels[number].launches += run.launches[index]
                let seconds = Double(run.nanoseconds[index]) * 1e-9
                book.kernels[number].seconds += seconds
                book.totals.busySeconds += seconds
            }
        }
    }
}
