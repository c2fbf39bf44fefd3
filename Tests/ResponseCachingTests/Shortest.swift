/// How long work takes on a machine that does nothing else: it is done again until it takes less than `bound`, for up to two
/// minutes, since other tests run beside it.
func shortest(below bound: Duration, _ work: () async throws -> Void) async rethrows -> Duration {
    let end = ContinuousClock.now + .seconds(120)
    var shortest = Duration.seconds(1000)
    repeat {
        let begin = ContinuousClock.now
        try await work()
        shortest = min(shortest, .now - begin)
    } while shortest >= bound && .now < end
    return shortest
}
