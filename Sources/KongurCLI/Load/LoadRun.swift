import Foundation
import Kongur
import OpenAIClient
import Synchronization

/// One load test of `kongur bench --server`: asks the server what it understands, loads it, and reports.
struct LoadRun {
    let client: ModelServerClient
    let model: String
    let arguments: LoadArguments
    /// Tokens of a prompt and of an answer.
    let prompt: Int
    let generate: Int

    /// Ctrl-C ends the test early; the report is then of what was answered until then.
    func report() async throws -> LoadReport {
        let plan = arguments.plan
        Console.progress("asking \(client.address) what it understands")
        let probe = LoadProbe(client: client, isChat: arguments.chat)
        var request = AnswerRequest(model: model, input: .prompt(""))
        request.temperature = 0
        request.usesCache = false
        request = try await probe.supported(request)
        if request.ignoreEOS == nil {
            note("the server does not take ignore_eos, so answers may be shorter than asked for")
        }
        let cost = try await probe.tokenCost(request)
        if cost == nil { note("the server counts no tokens: a word of the prompt is taken as one") }
        request.maxTokens = generate
        let test = LoadTest(
            client: client,
            plan: plan,
            prompts: RandomPrompts(
                cost: cost ?? .unknown,
                tokens: prompt,
                sharedTokens: arguments.sharedPrefix,
                seed: plan.seed
            ),
            request: request,
            isChat: arguments.chat
        )
        let started = ContinuousClock.now
        let outcomes = await outcomes(test)
        Console.progress("")
        return LoadReport(
            outcomes,
            server: client.address.description,
            model: model,
            load: "\(plan.description), prompts of \(prompt) tokens, answers of \(generate)",
            seconds: (ContinuousClock.now - started).inSeconds,
            goals: arguments.goals
        )
    }

    private func outcomes(_ test: LoadTest) async -> [RequestOutcome] {
        let counts = Mutex((complete: 0, failed: 0))
        let task = Task {
            await test.run { outcome in
                counts.withLock { counts in
                    if outcome.failure == nil { counts.complete += 1 } else { counts.failed += 1 }
                    Console.progress("\(counts.complete) complete, \(counts.failed) failed")
                }
            }
        }
        Terminal.onInterrupt { task.cancel() }
        return await task.value
    }

    private func note(_ line: String) {
        Console.progress("")
        Console.note("kongur: note: \(line)")
    }
}
