import Synchronization
import Testing

@testable import ResponseCaching

struct SingleFlightTests {
    private struct Broken: Error {}

    private func flights(limit: Int = 1 << 20) -> SingleFlight<Int, Int> { SingleFlight(limit: limit) { _ in 1 } }

    private func all(_ listener: FlightListener<Int>) async throws -> [Int] {
        var elements: [Int] = []
        while let element = try await listener.next() { elements.append(element) }
        return elements
    }

    @Test func manyAskAndOneComputes() async throws {
        let flights = flights()
        let computations = Mutex(0)
        let listeners = (0..<100).map { _ in
            flights.join(7) { flight in
                computations.withLock { $0 += 1 }
                for number in 0..<1000 {
                    flight.send(number)
                    if number % 100 == 0 { await Task.yield() }
                }
            }
        }
        #expect(listeners.filter(\.isFirst).count == 1)
        try await withThrowingTaskGroup(of: [Int].self) { group in
            for listener in listeners { group.addTask { try await self.all(listener) } }
            for try await elements in group { #expect(elements == Array(0..<1000)) }
        }
        #expect(computations.withLock { $0 } == 1)
        // Another key is another computation, and so is the same one later.
        #expect(try await all(flights.join(8) { $0.send(1) }) == [1])
        #expect(try await all(flights.join(7) { $0.send(2) }) == [2])
    }

    @Test func whoComesLateGetsWhatWasThereAndThenTheRest() async throws {
        let flights = flights()
        let (steps, step) = AsyncStream.makeStream(of: Int.self)
        let first = flights.join(0) { flight in for await number in steps { flight.send(number) } }
        for number in 0..<3 { step.yield(number) }
        for number in 0..<3 { #expect(try await first.next() == number) }
        let late = flights.join(0) { _ in Issue.record("computed again") }
        #expect(!late.isFirst)
        for number in 0..<3 { #expect(try await late.next() == number) }
        step.yield(3)
        step.finish()
        #expect(try await all(late) == [3])
        #expect(try await all(first) == [3])
    }

    @Test func theLastOneToLeaveEndsIt() async throws {
        let flights = flights()
        let (ends, end) = AsyncStream.makeStream(of: Bool.self)
        let compute: @Sendable (Flight<Int>) async throws -> Void = { flight in
            flight.send(1)
            try? await Task.sleep(for: .seconds(60))
            end.yield(Task.isCancelled)
        }
        let first = flights.join(0, compute)
        var second: FlightListener<Int>? = flights.join(0, compute)
        let waiting = Task { try await [first.next(), first.next()] }
        #expect(try await second?.next() == 1)
        // The one for whom it was begun goes, its task with it, and the other one still listens.
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(flights.count == 1)
        #expect(!flights.join(0, compute).isFirst)
        second = nil
        #expect(flights.count == 0)
        var iterator = ends.makeAsyncIterator()
        #expect(await iterator.next() == true)
        // Nobody joins what is given up.
        #expect(flights.join(0, compute).isFirst)
    }

    @Test func errorsGoToAll() async throws {
        let flights = flights()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let listeners = (0..<10).map { _ in
            flights.join(0) { flight in
                flight.send(1)
                for await _ in gate {}
                throw Broken()
            }
        }
        open.finish()
        for listener in listeners {
            #expect(try await listener.next() == 1)
            await #expect(throws: Broken.self) { try await listener.next() }
        }
        while flights.count > 0 { await Task.yield() }
    }

    /// What is done after the answer, such as keeping it, is not waited for, and is not cancelled when all have left.
    @Test func whatComesAfterTheEndIsNotWaitedFor() async throws {
        let flights = flights()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (ends, end) = AsyncStream.makeStream(of: Bool.self)
        var first: FlightListener<Int>? = flights.join(0) { flight in
            flight.send(1)
            flight.finish()
            for await _ in gate {}
            end.yield(Task.isCancelled)
        }
        #expect(try await first?.next() == 1)
        #expect(try await first?.next() == nil)
        first = nil
        // Until it is kept, whoever asks gets it from here.
        let late = flights.join(0) { _ in Issue.record("computed again") }
        #expect(try await all(late) == [1])
        open.finish()
        var iterator = ends.makeAsyncIterator()
        #expect(await iterator.next() == false)
        while flights.count > 0 { await Task.yield() }
    }

    @Test func whoIsSlowHoldsUpNobodyAndCostsNoMoreThanTheLimit() async throws {
        let flights = flights(limit: 100)
        let (steps, step) = AsyncStream.makeStream(of: Int.self)
        let compute: @Sendable (Flight<Int>) async throws -> Void = { flight in
            for await number in steps { flight.send(number) }
        }
        let fast = flights.join(0, compute)
        let slow = flights.join(0, compute)
        #expect(
            try await {
                step.yield(0); return try await slow.next()
            }() == 0
        )
        for number in 0..<1000 {
            if number > 0 { step.yield(number) }
            #expect(try await fast.next() == number)
        }
        await #expect(throws: FlightError.fellBehind) { try await slow.next() }
        // The beginning is gone, so whoever comes now begins anew.
        let late = flights.join(0) { $0.send(5) }
        #expect(late.isFirst)
        #expect(try await all(late) == [5])
        step.finish()
        #expect(try await fast.next() == nil)
    }
}
