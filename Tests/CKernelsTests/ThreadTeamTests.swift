import CKernels
import Synchronization
import Testing

/// What the threads of a test write to.
///
/// `@unchecked Sendable`: the team is made for use by several threads.
private final class Board: @unchecked Sendable {
    let total = Atomic<Int>(0)
    let late = Atomic<Int>(0)
    let taken = Mutex<[Int64]>([])
    let team: OpaquePointer

    init(_ threads: Int32) { team = ck_team_create(threads) }
    deinit { ck_team_destroy(team) }

    func run(_ body: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Void) {
        ck_team_run(team, body, Unmanaged.passUnretained(self).toOpaque())
    }
}

private func board(_ context: UnsafeMutableRawPointer?) -> Board {
    Unmanaged<Board>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
}

@Suite struct ThreadTeamTests {
    @Test(arguments: [1, 2, 5] as [Int32])
    func everyThreadTakesPartInEveryRun(threads: Int32) {
        let shared = Board(threads)
        for _ in 0..<500 { shared.run { board($0).total.add(1 << (8 * Int($1)), ordering: .relaxed) } }
        let expected = (0..<Int(threads)).reduce(0) { $0 + 500 << (8 * $1) }
        #expect(shared.total.load(ordering: .relaxed) == expected)
    }

    /// Between two barriers every thread adds one, so a thread that passes early sees too few.
    @Test(arguments: [1, 2, 4] as [Int32])
    func aBarrierLetsNobodyPassEarly(threads: Int32) {
        let shared = Board(threads)
        shared.run { context, _ in
            let board = board(context)
            let size = Int(ck_team_size(board.team))
            for round in 1...300 {
                board.total.add(1, ordering: .relaxed)
                ck_team_barrier(board.team)
                if board.total.load(ordering: .relaxed) != round * size { board.late.add(1, ordering: .relaxed) }
                ck_team_barrier(board.team)
            }
        }
        #expect(shared.late.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: [1, 3] as [Int32])
    func everyPieceOfWorkIsTakenOnceBetweenBarriers(threads: Int32) {
        let shared = Board(threads)
        shared.run { context, _ in
            let board = board(context)
            for round in 0..<20 as Range<Int64> {
                while case let piece = ck_team_next(board.team), piece < 40 {
                    board.taken.withLock { $0.append(round * 40 + piece) }
                }
                ck_team_barrier(board.team)
            }
        }
        #expect(shared.taken.withLock { $0.sorted() } == Array(0..<800))
    }

    @Test func aTeamEndsWhileItsThreadsSleepOrSpin() {
        for threads in [1, 2, 6] as [Int32] {
            for _ in 0..<20 { _ = Board(threads) }
        }
    }
}
