import HTTPTypes
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
        for _ in 0..<30 { try limit.take("ann", start + .seconds(1000)) }
        #expect(throws: APIError.self) { try limit.take("ann", start + .seconds(1000)) }
    }
}
