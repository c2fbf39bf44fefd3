import HTTPTypes
import InferenceEngine
import Synchronization
import Testing

@testable import OpenAIServer

struct AdmissionQueueTests {
    private func queue(running: Int = 2, waiting: Int = 3, tokens: Int = 100) -> AdmissionQueue {
        AdmissionQueue(AdmissionQueue.Limits(running: running, waiting: waiting, waitingTokens: tokens))
    }

    @Test func boundsWhatWaitsByNumber() {
        var queue = queue()
        let ids = (0..<5).map { _ in queue.add(answers: 1, promptTokens: 1, newTokens: 1) }
        #expect(!ids.contains(nil))
        #expect(queue.add(answers: 1, promptTokens: 1, newTokens: 1) == nil)
        #expect(queue.waiting.answers == 3)
        if let id = ids[3] { queue.remove(id, drawnTokens: 1) }
        #expect(queue.add(answers: 1, promptTokens: 1, newTokens: 1) != nil)
    }

    @Test func boundsWhatWaitsByTokens() {
        var queue = queue()
        for _ in 0..<2 { #expect(queue.add(answers: 1, promptTokens: 1000, newTokens: 1) != nil) }
        #expect(queue.add(answers: 1, promptTokens: 60, newTokens: 1) != nil)
        #expect(queue.add(answers: 1, promptTokens: 60, newTokens: 1) == nil)
        #expect(queue.waiting.tokens == 60)
    }

    @Test func takesAnyRequestWhenNobodyIsBeforeIt() {
        var queue = queue()
        #expect(queue.add(answers: 64, promptTokens: 1000, newTokens: 1) != nil)
        #expect(queue.add(answers: 1, promptTokens: 1, newTokens: 1) == nil)
    }

    @Test func expectsMoreTheMoreIsThere() {
        var queue = queue(waiting: 100, tokens: 100_000)
        var last = 0.0
        for _ in 0..<20 {
            #expect(queue.add(answers: 1, promptTokens: 10, newTokens: 50) != nil)
            #expect(queue.expectedTokens > last)
            last = queue.expectedTokens
        }
        // Eighteen wait and two are half done, each with 10 tokens to read and 50 to write.
        #expect(last == 19 * 60)
    }
}

/// What waits for one account does not shut out another.
struct AdmissionSharesTests {
    private let limits = AdmissionQueue.Limits(running: 4, waiting: 8, waitingTokens: 1000)
    private let ann = Account("ann")
    private let bob = Account("bob")

    /// Takes requests in until one is refused.
    private func fill(
        _ queue: inout AdmissionQueue,
        _ account: Account,
        answers: Int = 1,
        tokens: Int = 1,
        atMost limit: Int = 100
    ) -> [UInt64] {
        var ids: [UInt64] = []
        while ids.count < limit,
            let id = queue.add(answers: answers, promptTokens: tokens, newTokens: 1, account: account)
        {
            ids.append(id)
        }
        return ids
    }

    @Test func oneAloneHasEverythingAndAnotherItsShare() {
        var queue = AdmissionQueue(limits)
        let first = fill(&queue, ann)
        #expect(first.count == 12)
        // Two of the places, and half of what may wait.
        #expect(fill(&queue, bob).count == 6)
        #expect(fill(&queue, ann).isEmpty)
        for id in first { queue.remove(id, drawnTokens: 1) }
        #expect(fill(&queue, bob).count == 6, "what nobody else uses is its own")
    }

    @Test func answersAndPromptsCountAsWhatTheyTake() {
        var queue = AdmissionQueue(limits)
        #expect(fill(&queue, ann, answers: 4).count == 3)
        #expect(fill(&queue, bob, answers: 4).count == 1)
        #expect(fill(&queue, bob).count == 2)
        var long = AdmissionQueue(limits)
        #expect(fill(&long, ann, tokens: 200).count == 9)
        #expect(fill(&long, bob, tokens: 200).count == 4)
        #expect(fill(&long, bob, tokens: 1).count == 2)
    }

    @Test func aLargerWeightIsALargerShare() {
        var queue = AdmissionQueue(limits)
        _ = fill(&queue, ann)
        #expect(fill(&queue, Account("eve", weight: 3)).count == 9)
        #expect(queue.answers(of: Account("eve")) == 9)
    }

    /// One who asks now and then is never refused, however many others ask without end.
    @Test func whoHasNothingIsTakenIn() {
        var queue = AdmissionQueue(limits)
        for index in 0..<20 { _ = fill(&queue, Account("\(index)")) }
        #expect(queue.add(answers: 8, promptTokens: 900, newTokens: 1, account: bob) != nil)
    }
}

struct AdmissionTests {
    private func admission() -> Admission {
        Admission(AdmissionQueue.Limits(running: 1, waiting: 1, waitingTokens: 1000))
    }

    @Test func saysWhenThereWillBeRoom() throws {
        let admission = admission()
        admission.measured(tokensPerSecond: 10)
        let tickets = try (0..<2).map { _ in try admission.admit(answers: 1, promptTokens: 40, newTokens: 60) }
        do throws(APIError) {
            _ = try admission.admit(answers: 1, promptTokens: 1, newTokens: 1)
            Issue.record("a third request was let in")
        } catch {
            #expect(error.status == .tooManyRequests)
            // A hundred tokens wait, half of a hundred run, ten are computed a second.
            #expect(error.retryAfter == 15)
        }
        tickets[0].leavePlace(drawnTokens: 60)
        tickets[0].release()
        tickets[0].release()
        #expect(admission.answers == 1)
        _ = try admission.admit(answers: 1, promptTokens: 1, newTokens: 1)
        #expect(admission.answers == 1, "a ticket that nobody holds gives its place back")
        // The second one is held until here.
        withExtendedLifetime(tickets) {}
    }

    /// Answers that are kept, or computed for another request, are given however much is waiting.
    @Test func takesInWhoWaitsForNothing() async throws {
        let admission = admission()
        let tickets = try (0..<2).map { _ in try admission.admit(answers: 1, promptTokens: 900, newTokens: 60) }
        let guests = try (0..<100).map { _ in try admission.attend() }
        #expect(admission.answers == 2 && admission.waitingTokens == 900)
        #expect(throws: APIError.self) { try admission.admit(answers: 1, promptTokens: 1, newTokens: 1) }
        for ticket in tickets { ticket.release() }
        // One that is alone with guests is alone.
        let long = try admission.admit(answers: 10, promptTokens: 5000, newTokens: 1)
        long.release()
        admission.drain(seconds: 1)
        #expect(throws: APIError.self) { try admission.attend() }
        // Whoever is being answered is waited for.
        let isIdle = Mutex(false)
        async let idle: Void = {
            await admission.waitUntilIdle()
            isIdle.withLock { $0 = true }
        }()
        for guest in guests {
            #expect(!isIdle.withLock { $0 })
            guest.release()
        }
        await idle
    }

    @Test func drains() async throws {
        let admission = admission()
        let ticket = try admission.admit(answers: 1, promptTokens: 1, newTokens: 1)
        admission.drain(seconds: 7)
        do throws(APIError) {
            _ = try admission.admit(answers: 1, promptTokens: 1, newTokens: 1)
            Issue.record("a request was let in while the server drains")
        } catch {
            #expect(error.status == .serviceUnavailable)
            #expect(error.retryAfter == 7)
        }
        async let idle: Void = admission.waitUntilIdle()
        ticket.release()
        await idle
        await admission.waitUntilIdle()
    }
}

struct RateLimitTests {
    @Test func savesUpForOneMinute() throws {
        let start = ContinuousClock.now
        let limit = RateLimit(perMinute: 30)
        for _ in 0..<30 { try limit.take("ann", start) }
        do throws(APIError) {
            try limit.take("ann", start)
            Issue.record("the thirty-first request was taken")
        } catch {
            #expect(error.status == .tooManyRequests)
            #expect(error.retryAfter == 2)
        }
        // Another holder has its own, and two seconds bring one request.
        try limit.take("bob", start)
        try limit.take("ann", start + .seconds(2))
        #expect(throws: APIError.self) { try limit.take("ann", start + .seconds(2)) }
        for index in 0..<5000 { try limit.take("guest \(index)", start + .seconds(500)) }
        for _ in 0..<30 { try limit.take("ann", start + .seconds(1000)) }
        #expect(throws: APIError.self) { try limit.take("ann", start + .seconds(1000)) }
    }
}
