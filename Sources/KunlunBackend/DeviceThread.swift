import DeviceRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The one thread that calls the runtime for a device: the runtime keeps the current device for each thread.
///
/// Work is given to it and waited for. When one call of the runtime does not come back within `timeout` seconds, the
/// device counts as lost: the caller gets an error and goes on, and the thread is left where it hangs.
final class DeviceThread: Sendable {
    private let shared: Shared
    private let timeout: Double
    private let label: String

    init(_ label: String, timeout: Double) {
        self.label = label
        self.timeout = timeout
        shared = Shared()
        let argument = Unmanaged.passRetained(shared).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let failed = pthread_create(
            &thread,
            nil,
            { argument in
                // The argument is not optional everywhere.
                let pointer: UnsafeMutableRawPointer? = argument
                if let pointer { Unmanaged<Shared>.fromOpaque(pointer).takeRetainedValue().work() }
                return nil
            },
            argument
        )
        precondition(failed == 0, "a thread cannot be started")
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }

    deinit { shared.end() }

    /// Why the device takes no more work; nil while it does.
    var failure: DeviceError? { shared.locked { $0.failure } }

    /// Says that the device takes no more work, whatever is asked of it.
    func fail(_ error: DeviceError) { shared.locked { if $0.failure == nil { $0.failure = error } } }

    /// Tells the watch that a call of the runtime begins; on the thread itself.
    func begin(_ call: StaticString) {
        shared.locked {
            $0.call = call
            $0.began = Self.now()
        }
    }

    /// Tells the watch that it came back.
    func end() { shared.locked { $0.began = nil } }

    /// Runs `body` on the thread and waits for it.
    ///
    /// Throws what `body` throws, what ended the device before, and `.deviceLost` when a call hangs; `body` may then go on
    /// at any later time, so it must own what it uses. With `evenIfFailed` a device that has ended is still called.
    func run<Value>(evenIfFailed: Bool = false, _ body: @escaping () throws(DeviceError) -> Value) throws(DeviceError)
        -> Value
    {
        if let failure, !evenIfFailed || shared.locked({ $0.hangs }) { throw failure }
        // What the thread itself lets go of at last, after a hang, is given back here and now.
        if shared.isOwnThread { return try body() }
        let outcome = Outcome<Value>()
        let job = Job {
            do throws(DeviceError) { outcome.result = .success(try body()) } catch { outcome.result = .failure(error) }
        }
        shared.add(job)
        while !shared.wait(for: job, seconds: min(1, timeout / 4)) {
            let hanging = shared.locked { shared -> StaticString? in
                guard let began = shared.began, Self.now() - began > timeout else { return nil }
                shared.hangs = true
                return shared.call
            }
            guard let hanging else { continue }
            let error = DeviceError(
                .deviceLost,
                "\(label): \(hanging) did not come back within \(Int(timeout)) s: the device hangs and is not used any more; look into dmesg, then reset it (xpu-smi --xpu-reset) and start Kongur again"
            )
            fail(error)
            throw error
        }
        guard let result = outcome.result else { throw DeviceError(.deviceLost, "\(label): the device thread ended") }
        return try result.get()
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// `@unchecked Sendable`: written by the thread before the job is done and read after.
    private final class Outcome<Value>: @unchecked Sendable {
        var result: Result<Value, DeviceError>?
    }

    /// `@unchecked Sendable`: `isDone` is read and written under the lock of `Shared`.
    private final class Job: @unchecked Sendable {
        private var body: (() -> Void)?
        var isDone = false

        init(_ body: @escaping () -> Void) { self.body = body }

        /// Runs it and lets go of all that it holds before anybody is told: the last owner of a device must not be its
        /// own thread.
        func run() {
            let body = body
            self.body = nil
            body?()
        }
    }

    /// What the thread and those who wait for it share.
    ///
    /// `@unchecked Sendable`: everything is read and written under the lock.
    private final class Shared: @unchecked Sendable {
        struct Watch {
            var failure: DeviceError?
            /// The call of the runtime that is under way, and since when.
            var call: StaticString = ""
            var began: Double?
            var hangs = false
        }

        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private var jobs: [Job] = []
        private var ends = false
        private var thread: pthread_t?
        private var watch = Watch()

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(changed, nil)
        }

        deinit {
            pthread_cond_destroy(changed)
            pthread_mutex_destroy(mutex)
            changed.deallocate()
            mutex.deallocate()
        }

        /// Whether the caller is the thread.
        var isOwnThread: Bool {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            guard let thread else { return false }
            return pthread_equal(thread, pthread_self()) != 0
        }

        func locked<Value>(_ body: (inout Watch) -> Value) -> Value {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return body(&watch)
        }

        func add(_ job: Job) {
            pthread_mutex_lock(mutex)
            jobs.append(job)
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }

        func end() {
            pthread_mutex_lock(mutex)
            ends = true
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }

        /// Whether the job is done after at most so many seconds.
        func wait(for job: Job, seconds: Double) -> Bool {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            let nanoseconds = time.tv_nsec + Int(seconds * 1e9)
            time.tv_sec += nanoseconds / 1_000_000_000
            time.tv_nsec = nanoseconds % 1_000_000_000
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            while !job.isDone {
                if pthread_cond_timedwait(changed, mutex, &time) == ETIMEDOUT { break }
            }
            return job.isDone
        }

        /// What the thread does until the end: jobs in their order, those that are left included.
        func work() {
            pthread_mutex_lock(mutex)
            thread = pthread_self()
            pthread_mutex_unlock(mutex)
            while true {
                pthread_mutex_lock(mutex)
                while jobs.isEmpty, !ends { pthread_cond_wait(changed, mutex) }
                guard !jobs.isEmpty else {
                    pthread_mutex_unlock(mutex)
                    return
                }
                let job = jobs.removeFirst()
                pthread_mutex_unlock(mutex)
                job.run()
                pthread_mutex_lock(mutex)
                job.isDone = true
                pthread_cond_broadcast(changed)
                pthread_mutex_unlock(mutex)
            }
        }
    }
}
