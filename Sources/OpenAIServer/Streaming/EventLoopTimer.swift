import NIOCore
import NIOPosix

/// Waits as `Task.sleep` does, and leaves nothing behind when the task is cancelled.
///
/// A cancelled `Task.sleep` stays in memory until its time would have been over: limits of an hour on requests of a second
/// then add up to an hour of requests.
package enum EventLoopTimer {
    /// Throws `CancellationError` when the task is cancelled, at once.
    package static func sleep(for duration: Duration) async throws {
        let (over, source) = AsyncStream.makeStream(of: Void.self)
        let timer = MultiThreadedEventLoopGroup.singleton.any()
            .scheduleTask(in: TimeAmount(duration)) { source.finish() }
        defer { timer.cancel() }
        for await _ in over {}
        try Task.checkCancellation()
    }
}
