#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread of its own that runs an actor's jobs in order.
///
/// Kernels block for as long as a step takes; here they block no thread of the shared pool. The thread sleeps while there
/// are no jobs and lives until `stop`.
///
/// `@unchecked Sendable`: `jobs` and `stopped` are read and written only with `mutex` held.
final class DeviceThread: SerialExecutor, @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [UnownedJob] = []
    private var stopped = false

    /// Throws `.deviceFailed` when the system gives no more threads.
    init() throws(EngineError) {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        // The thread holds its executor until it ends, so a job may release the last other reference.
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread,
            nil,
            { context in
                #if canImport(Glibc)
                    guard let context else { return nil }
                #endif
                Unmanaged<DeviceThread>.fromOpaque(context).takeRetainedValue().runJobs()
                return nil
            },
            context.toOpaque()
        )
        guard status == 0 else {
            context.release()
            throw EngineError(.deviceFailed, "no thread for the engine: \(String(cString: strerror(status)))")
        }
        #if canImport(Glibc)
            pthread_detach(thread)
        #else
            if let thread { pthread_detach(thread) }
        #endif
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        jobs.append(job)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Ends the thread after the jobs that it has; for when nothing can give it jobs any more.
    func stop() {
        pthread_mutex_lock(mutex)
        stopped = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func runJobs() {
        while true {
            pthread_mutex_lock(mutex)
            while jobs.isEmpty && !stopped { pthread_cond_wait(condition, mutex) }
            let next = jobs
            jobs = []
            pthread_mutex_unlock(mutex)
            if next.isEmpty { return }
            for job in next { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }
}
