import KongurTesting
import Testing

@testable import InferenceEngine

/// What accounts get of an engine that others flood, by a clock of the test's own.
@Suite struct SchedulerFairnessTests {
    /// Requests that one account sends: all at once, or each when the one before it has ended.
    private struct Client {
        var account: Account
        var prompt: Int
        var new: Int
        var priority = 0
        /// Requests that it keeps in the scheduler.
        var depth = 1
        /// All that it sends; nil goes on for ever.
        var count: Int?
        /// When it begins.
        var start = 0.0
    }

    private struct Answer {
        var client: Int
        var arrival: Double
        var first: Double
        var end: Double
        var preemptions: Int
    }

    private struct Run {
        var answers: [Answer] = []
        /// Rows that were computed, by client.
        var rows: [Int]
        var seconds = 0.0

        func answers(of client: Int) -> [Answer] { answers.filter { $0.client == client } }

        /// The longest wait for a first token.
        func longestWait(of client: Int) -> Double { answers(of: client).map { $0.first - $0.arrival }.max() ?? 0 }

        func meanTime(of client: Int) -> Double {
            let times = answers(of: client).map { $0.end - $0.arrival }
            return times.reduce(0, +) / Double(max(1, times.count))
        }
    }

    /// How long steps take: reading the weights, and the rows.
    private struct Machine {
        var weights: Double
        var row: Double

        /// Where reading takes most, as with large models.
        static let slowMemory = Machine(weights: 1, row: 1 / 16)
        /// Where multiplying takes most, as with small ones.
        static let fastMemory = Machine(weights: 0.2, row: 0.2)

        func seconds(rows: Int) -> Double { weights + row * Double(rows) }
    }

    /// Runs until every client that sends a number of requests has its answers, or until `limit`.
    private func run(
        _ limits: SchedulingLimits,
        _ clients: [Client],
        on machine: Machine = .slowMemory,
        limit: Double = 1e6
    ) throws -> Run {
        var scheduler = Scheduler(limits)
        var run = Run(rows: clients.map { _ in 0 })
        var sent = clients.map { _ in 0 }
        var open: [UInt64: (client: Int, arrival: Double, first: Double?)] = [:]
        var nextID: UInt64 = 0
        func isDone(_ index: Int) -> Bool {
            guard let count = clients[index].count else { return true }
            return sent[index] == count && !open.values.contains { $0.client == index }
        }
        while run.seconds < limit {
            for (index, client) in clients.enumerated() where client.start <= run.seconds {
                while sent[index] < client.count ?? .max,
                    open.values.count(where: { $0.client == index }) < client.depth
                {
                    // Different prompts, so that nothing is found in the cache.
                    let request = GenerationRequest(
                        id: nextID,
                        promptTokenIDs: (0..<client.prompt).map { Int(nextID) * 1000 + $0 },
                        maxNewTokens: client.new,
                        account: client.account,
                        priority: client.priority,
                        cacheSalt: client.account.name
                    )
                    try scheduler.add(request, stopTokenIDs: [])
                    open[nextID] = (index, run.seconds, nil)
                    nextID += 1
                    sent[index] += 1
                }
            }
            if clients.contains(where: { $0.count != nil }), clients.indices.allSatisfy(isDone) { break }
            guard let batch = scheduler.schedule(withoutInputs: true) else {
                run.seconds += 1
                continue
            }
            for entry in batch.entries { run.rows[open[entry.id]?.client ?? 0] += entry.tokenCount }
            let seconds = machine.seconds(rows: batch.tokenCount)
            run.seconds += seconds
            scheduler.measured(batch, seconds: seconds)
            for update in scheduler.complete(batch, tokens: batch.sampledEntries.map { _ in [1] }) {
                guard let request = open[update.id] else { continue }
                open[update.id]?.first = request.first ?? run.seconds
                guard let end = update.end else { continue }
                run.answers.append(
                    Answer(
                        client: request.client,
                        arrival: request.arrival,
                        first: request.first ?? run.seconds,
                        end: run.seconds,
                        preemptions: end.preemptions
                    )
                )
                open[update.id] = nil
            }
        }
        return run
    }

    private func limits(maxSequences: Int = 8, blockCount: Int = 4000, budget: Int = 64) -> SchedulingLimits {
        .small(
            maxSequences: maxSequences,
            tokenBudget: budget,
            blockCount: blockCount,
            contextLength: 4000,
            prefixCaching: true,
            maxPreemptions: 3
        )
    }

    private let a = Account("a")
    private let b = Account("b")

    /// Floods of long answers, of long prompts, and of both.
    @Test(arguments: [(20, 900), (600, 4), (300, 300), (4, 4)], [(8, 2), (100, 10), (30, 60)])
    func whoAsksNowAndThenWaitsNoLongerThanTwiceItsTimeAlone(flood: (Int, Int), own: (Int, Int)) throws {
        let honest = Client(account: b, prompt: own.0, new: own.1, count: 40, start: 500)
        let greedy = Client(account: a, prompt: flood.0, new: flood.1, depth: 60)
        for machine in [Machine.slowMemory, .fastMemory] {
            let alone = try run(limits(), [honest], on: machine)
            let beside = try run(limits(), [honest, greedy], on: machine)
            #expect(beside.answers(of: 0).count == 40)
            // A step that is under way ends first, and the last one may be shared.
            let step = 2 * machine.seconds(rows: 64)
            #expect(beside.longestWait(of: 0) <= 2 * alone.longestWait(of: 0) + step)
            // Neither for its first token nor for its whole answer.
            let (time, timeAlone) = (beside.meanTime(of: 0), alone.meanTime(of: 0))
            #expect(time <= 2 * timeAlone + step, "\(time) beside others, \(timeAlone) alone")
        }
    }

    /// Steps of its own cost the others no more than their share, and nothing where steps with all are as short.
    @Test func stepsOfItsOwnLeaveTheOthersTheirShare() throws {
        let honest = Client(account: b, prompt: 8, new: 200)
        let greedy = Client(account: a, prompt: 20, new: 200, depth: 20)
        for (machine, least) in [(Machine.slowMemory, 0.6), (.fastMemory, 0.45)] {
            let alone = try run(limits(), [greedy], on: machine, limit: 5000)
            let beside = try run(limits(), [greedy, honest], on: machine, limit: 5000)
            let share = Double(beside.rows[0]) / Double(alone.rows[0])
            #expect(share >= least && share < 1, "\(share)")
        }
        // An account of twice the weight waits for less.
        var times: [Double] = []
        for weight in [1, 2, 8] {
            let own = Client(account: Account("b", weight: weight), prompt: 8, new: 100, count: 10, start: 100)
            times.append(try run(limits(), [own, greedy], on: .fastMemory).meanTime(of: 0))
        }
        #expect(times[0] > 1.15 * times[1] && times[1] > 1.05 * times[2], "\(times)")
    }

    @Test(arguments: [1, 3]) func floodsShareByWeight(weight: Int) throws {
        for (prompt, new) in [(20, 200), (400, 2)] {
            let clients = [
                Client(account: Account("a", weight: weight), prompt: prompt, new: new, depth: 40),
                Client(account: b, prompt: prompt, new: new, depth: 40),
            ]
            let run = try run(limits(), clients, limit: 20_000)
            let ratio = Double(run.rows[0]) / Double(run.rows[1])
            #expect(abs(ratio / Double(weight) - 1) < 0.15, "\(run.rows) for \(prompt) and \(new)")
        }
    }

    @Test func whoIsAloneHasEverything() throws {
        let greedy = Client(account: a, prompt: 20, new: 400, depth: 40, count: 80)
        let alone = try run(limits(), [greedy])
        let shared = try run(limits(), [greedy, Client(account: b, prompt: 20, new: 4, count: 1)])
        #expect(alone.seconds * 1.01 + 10 >= shared.seconds)
    }

    /// Blocks are shared as places are.
    @Test func oneAccountCannotHoldAllBlocks() throws {
        let tight = limits(blockCount: 120)
        let honest = Client(account: b, prompt: 60, new: 8, count: 20, start: 200)
        let greedy = Client(account: a, prompt: 100, new: 300, depth: 40)
        let alone = try run(tight, [honest])
        let beside = try run(tight, [honest, greedy])
        #expect(beside.answers(of: 0).count == 20)
        #expect(beside.longestWait(of: 0) <= 2 * alone.longestWait(of: 0) + 5)
    }

    /// With one place accounts take turns, also when there are many of them.
    @Test func onePlaceGoesRound() throws {
        let honest = (1...5).map { Client(account: Account("\($0)"), prompt: 8, new: 8, count: 6, start: 300) }
        let greedy = Client(account: a, prompt: 8, new: 2000, depth: 20)
        let beside = try run(limits(maxSequences: 1), honest + [greedy])
        #expect(beside.answers.filter { $0.client < 5 }.count == 30)
        // A turn of the flood, and the answers of the others.
        #expect(beside.answers.allSatisfy { $0.client == 5 || $0.first - $0.arrival <= 2 * (32 + 5 * 8) * 1.2 })
    }

    /// A long request is not passed for ever by short ones of others.
    @Test func whatNeedsAlmostEverythingComesToIt() throws {
        let small = limits(blockCount: 100)
        let long = Client(account: a, prompt: 360, new: 20, count: 3, start: 100)
        let short = Client(account: b, prompt: 40, new: 40, depth: 20)
        let run = try run(small, [long, short], limit: 100_000)
        #expect(run.answers(of: 0).count == 3)
    }

    /// Where others ask without end, the background of an account goes on, slowly, and only that of others.
    @Test func aFloodDoesNotStopTheBackgroundOfOthers() throws {
        let background = GenerationRequest.backgroundPriority
        let clients = [
            Client(account: b, prompt: 40, new: 20, priority: background, count: 3, start: 100),
            Client(account: a, prompt: 20, new: 100, depth: 40),
        ]
        let beside = try run(limits(), clients, limit: 50_000)
        #expect(beside.answers(of: 0).count == 3)
        let own = try run(
            limits(),
            [
                Client(account: a, prompt: 40, new: 20, priority: background, count: 3, start: 100),
                Client(account: a, prompt: 20, new: 100, depth: 40),
            ],
            limit: 5_000
        )
        #expect(own.answers(of: 0).isEmpty)
    }

    /// Background work of several accounts is shared as other work is.
    @Test func backgroundsShareWhatIsLeft() throws {
        let background = GenerationRequest.backgroundPriority
        let clients = [
            Client(account: b, prompt: 20, new: 20, priority: background, count: 10, start: 500),
            Client(account: a, prompt: 20, new: 900, priority: background, depth: 60),
        ]
        let alone = try run(limits(), [clients[0]])
        let beside = try run(limits(), clients)
        #expect(beside.meanTime(of: 0) <= 3 * alone.meanTime(of: 0))
    }

    @Test func prioritiesGoBeforeAccounts() throws {
        let clients = [
            Client(account: b, prompt: 20, new: 20, priority: 1, depth: 20),
            Client(account: a, prompt: 20, new: 20, depth: 20, count: 20),
        ]
        #expect(try run(limits(), clients, limit: 3000).answers(of: 1).isEmpty)
    }

    /// Nothing is saved up: who comes after a long time alone does not shut out the others.
    @Test func aNewcomerHasNoCredit() throws {
        let clients = [
            Client(account: a, prompt: 200, new: 2, depth: 40),
            Client(account: b, prompt: 200, new: 2, depth: 40, start: 10_000),
        ]
        let run = try run(limits(), clients, limit: 12_000)
        let late = run.answers.filter { $0.end > 10_100 }
        let ratio = Double(late.count { $0.client == 0 }) / Double(late.count { $0.client == 1 })
        #expect((0.7...1.4).contains(ratio), "\(ratio)")
    }
}
