import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How often, and after what wait, a request that failed in passing is sent again.
package struct RetryPolicy: Sendable, Hashable {
    /// Failures in a row, without progress between them, after which we give up.
    package var maximumFailures = 6
    /// The wait after the first failure; it doubles with each one, and is shortened by up to a quarter at random.
    package var firstDelay: Duration = .milliseconds(500)
    package var maximumDelay: Duration = .seconds(30)
    /// The longest wait that a server may ask for; asked for more, we give up and say so.
    package var maximumServerDelay: Duration = .seconds(120)

    package init() {}

    /// The wait after failure number `failures` (from 1), or nil to give up.
    func delay(after error: HubError, failures: Int) -> Duration? {
        guard error.isTransient, failures < maximumFailures else { return nil }
        var delay = firstDelay * (1 << min(failures - 1, 20))
        delay = min(delay, maximumDelay) * Double.random(in: 0.75...1)
        guard let asked = error.retryAfter else { return delay }
        return asked <= maximumServerDelay ? max(asked, delay) : nil
    }

    /// Reads a `Retry-After` header: seconds, or a date.
    static func retryAfter(_ value: String?, now: Date = Date()) -> Duration? {
        guard let value else { return nil }
        if let seconds = Int(value) { return seconds >= 0 ? .seconds(min(seconds, 1 << 30)) : nil }
        guard let moment = secondsSince1970(value) else { return nil }
        return .seconds(max(0, min(moment - Int(now.timeIntervalSince1970), 1 << 30)))
    }

    /// Reads a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func secondsSince1970(_ text: String) -> Int? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])),
            let day = CInt(words[1]), let year = CInt(words[3]), (1970...9999).contains(year)
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { CInt($0) }
        guard time.count == 3, (1...31).contains(day), time.allSatisfy({ (0...60).contains($0) }) else { return nil }
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year - 1900, CInt(month), day)
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (time[0], time[1], time[2])
        return timegm(&fields)
    }

    /// Runs `body` until it succeeds, fails for good, or has failed too often.
    func run<Value>(
        onRetry: (HubError, Duration) -> Void = { _, _ in },
        _ body: () async throws(HubError) -> Value
    ) async throws(HubError) -> Value {
        var failures = 0
        while true {
            do throws(HubError) {
                return try await body()
            } catch {
                failures += 1
                guard let delay = delay(after: error, failures: failures) else {
                    throw error.givingUp(after: failures)
                }
                onRetry(error, delay)
                try await pause(delay)
            }
        }
    }
}

extension HubError {
    /// The same error, saying how often we tried.
    func givingUp(after failures: Int) -> HubError {
        guard isTransient else { return self }
        var error = self
        if failures > 1 { error.message += "; gave up after \(failures) attempts" }
        if let retryAfter { error.message += "; the server asks to wait \(retryAfter.components.seconds) s" }
        return error
    }
}

/// Sleeps; throws `.cancelled` when the task is cancelled.
func pause(_ delay: Duration) async throws(HubError) {
    do { try await Task.sleep(for: delay) } catch { throw .wasCancelled }
}
