import CKernels
import Synchronization

/// Fixed threads that work on one thing together; the calling thread is one of them.
///
/// Threads wait for work by looking for some tens of microseconds and then sleep.
///
/// `@unchecked Sendable`: the C team is made to be used by several threads, and `lock` lets in one run at a time.
final class ThreadTeam: @unchecked Sendable {
    let threadCount: Int
    private let team: OpaquePointer
    private let lock = Mutex(())

    /// Nil when the operating system gives no more threads.
    init?(threads: Int) {
        guard let team = ck_team_create(Int32(clamping: threads)) else { return nil }
        self.team = team
        threadCount = Int(ck_team_size(team))
    }

    deinit { ck_team_destroy(team) }

    /// Calls `body` once on every thread and returns when all are done; other callers wait.
    func run(_ body: (Worker) -> Void) {
        lock.withLock { _ in
            withoutActuallyEscaping(body) { body in
                var call = Call(team: team, threadCount: threadCount, body: body)
                withUnsafeMutablePointer(to: &call) { call in
                    ck_team_run(
                        team,
                        { context, thread in
                            let call = context.unsafelyUnwrapped.assumingMemoryBound(to: Call.self).pointee
                            call.body(Worker(team: call.team, index: Int(thread), count: call.threadCount))
                        },
                        call
                    )
                }
            }
        }
    }

    private struct Call {
        var team: OpaquePointer
        var threadCount: Int
        var body: (Worker) -> Void
    }
}

/// One thread of a team during a run.
struct Worker {
    fileprivate let team: OpaquePointer
    /// 0..<count.
    let index: Int
    let count: Int

    /// Waits for all threads of the team; `pieces` starts again at 0.
    func barrier() { ck_team_barrier(team) }

    /// Takes pieces of work 0..<count that no other thread has taken since the last barrier, one by one.
    func pieces(_ count: Int, _ body: (Int) -> Void) {
        while case let piece = Int(ck_team_next(team)), piece < count { body(piece) }
    }

    /// Takes ranges out of 0..<count, at least `grain` long and multiples of it but for the last.
    ///
    /// Several for each thread, so that a thread that the operating system interrupts does not keep the others waiting.
    func ranges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        let perPiece = max(1, count / (self.count * 4))
        let length = (perPiece + grain - 1) / grain * grain
        pieces((count + length - 1) / length) { piece in
            body(piece * length..<min(count, (piece + 1) * length))
        }
    }
}
