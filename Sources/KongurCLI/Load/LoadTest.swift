import Foundation
import OpenAIClient
import Synchronization

/// What became of one request.
struct RequestOutcome: Sendable {
    var timing: AnswerTiming
    /// From the moment at which it was to be sent until the answer was complete.
    var total: Duration
    /// Why there is no whole answer.
    var failure: Failure?

    struct Failure: Sendable {
        /// A status, or what happened to the connection.
        var kind: String
        var message: String
    }
}

/// Sends a server requests as a plan says.
struct LoadTest: Sendable {
    var client: ModelServerClient
    var plan: LoadPlan
    var prompts: RandomPrompts
    /// What every request asks but its prompt.
    var request: AnswerRequest
    /// Whether the prompt is a message of a conversation.
    var isChat: Bool

    /// Runs until the last answer, or until the task is cancelled, and returns what came until then.
    ///
    /// `progress` is called after each request from any thread.
    func run(_ progress: @escaping @Sendable (RequestOutcome) -> Void) async -> [RequestOutcome] {
        switch plan.arrivals {
        case .clients(let count): await closedLoop(count, progress)
        case .rate(let rate): await openLoop(rate, progress)
        }
    }

    private func closedLoop(_ clients: Int, _ progress: @escaping @Sendable (RequestOutcome) -> Void) async
        -> [RequestOutcome]
    {
        let started = ContinuousClock.now
        let end = plan.duration.map { started + $0 }
        let numbers = RequestNumbers()
        return await withTaskGroup(of: [RequestOutcome].self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var outcomes: [RequestOutcome] = []
                    while !Task.isCancelled, end.map({ ContinuousClock.now < $0 }) ?? true {
                        let number = numbers.next()
                        guard number < plan.requests ?? .max else { break }
                        let (outcome, pause) = await ask(number, .now)
                        guard !Task.isCancelled else { break }
                        outcomes.append(outcome)
                        progress(outcome)
                        // A client that is told to come later does, as a well-behaved one should.
                        if let pause { try? await Task.sleep(until: min(.now + pause, end ?? .now + pause)) }
                    }
                    return outcomes
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func openLoop(_ rate: Double, _ progress: @escaping @Sendable (RequestOutcome) -> Void) async
        -> [RequestOutcome]
    {
        let started = ContinuousClock.now
        return await withTaskGroup(of: RequestOutcome?.self) { group in
            for (number, arrival) in plan.arrivalTimes(rate: rate).enumerated() {
                guard (try? await Task.sleep(until: started + arrival)) != nil else { break }
                group.addTask {
                    // Times count from when it was to be sent: a client that falls behind makes no server look better.
                    let (outcome, _) = await ask(number, started + arrival)
                    guard !Task.isCancelled else { return nil }
                    progress(outcome)
                    return outcome
                }
            }
            return await group.reduce(into: []) { outcomes, outcome in
                if let outcome { outcomes.append(outcome) }
            }
        }
    }

    /// Also returns how long to wait before the next request, when the server wants none now.
    private func ask(_ number: Int, _ start: ContinuousClock.Instant) async -> (RequestOutcome, pause: Duration?) {
        var request = request
        let prompt = prompts.prompt(number)
        request.input = isChat ? .messages([.init(role: "user", content: prompt)]) : .prompt(prompt)
        var timing = AnswerTiming(started: start)
        var failure: RequestOutcome.Failure?
        var pause: Duration?
        do {
            for try await chunk in try await client.stream(request) { timing.add(chunk) }
        } catch {
            let told = error as? OpenAIClientError
            failure = RequestOutcome.Failure(
                kind: told?.status.map { String($0) } ?? told?.code.rawValue ?? "failed",
                message: "\(error)"
            )
            // Whatever is wrong, no client asks again and again without a pause.
            pause = max(told?.retryAfter ?? .seconds(1), .milliseconds(100))
        }
        return (RequestOutcome(timing: timing, total: .now - start, failure: failure), pause)
    }
}

/// Numbers requests that several clients send.
private final class RequestNumbers: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}
