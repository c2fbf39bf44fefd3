import ArgumentParser

/// How `kongur bench --server` loads a server.
struct LoadArguments: ParsableArguments {
    @Option(help: "Requests that are under way at a time: as one is answered, its client asks the next.")
    var clients: Int?

    @Option(
        help: ArgumentHelp(
            "Requests a second instead, at random moments (a Poisson process) and whether earlier ones are answered or not.",
            valueName: "per-second"
        )
    )
    var rate: Double?

    @Option(help: "Requests in all.")
    var requests: Int?

    @Option(help: "Seconds after which no request begins; 60 where neither this nor --requests is given.")
    var seconds: Double?

    @Flag(help: "Ask /chat/completions instead of /completions.")
    var chat = false

    @Option(help: "Tokens at the beginning of every prompt that are the same.")
    var sharedPrefix = 0

    @Option(help: "The same seed gives the same prompts and the same arrivals.")
    var seed: UInt64?

    @Option(help: "Count requests whose first token came within this time.")
    var goalTtft: Double?

    @Option(help: "Count requests whose later tokens came within this time each, on average.")
    var goalItl: Double?

    func validate() throws {
        if clients != nil, rate != nil { throw ValidationError("--clients and --rate exclude each other.") }
        guard (1...10_000).contains(clients ?? 1) else { throw ValidationError("--clients must be from 1 to 10000.") }
        guard requests ?? 1 >= 1, sharedPrefix >= 0 else {
            throw ValidationError("--requests must be at least 1, and --shared-prefix not negative.")
        }
        for (name, value) in [("rate", rate), ("seconds", seconds), ("goal-ttft", goalTtft), ("goal-itl", goalItl)] {
            guard let value else { continue }
            guard value > 0, value <= 1e6 else {
                throw ValidationError("--\(name) must be above 0, and at most 1000000.")
            }
        }
    }

    /// Whether none of the options was given.
    var isDefault: Bool {
        clients == nil && rate == nil && requests == nil && seconds == nil && !chat && sharedPrefix == 0 && seed == nil
            && goalTtft == nil && goalItl == nil
    }

    var plan: LoadPlan {
        LoadPlan(
            arrivals: rate.map { .rate($0) } ?? .clients(clients ?? 1),
            requests: requests,
            duration: seconds.map { .seconds($0) } ?? (requests == nil ? .seconds(60) : nil),
            seed: seed ?? .random(in: .min ... .max)
        )
    }

    var goals: LoadReport.Goals? {
        goalTtft == nil && goalItl == nil ? nil : LoadReport.Goals(firstMs: goalTtft, perTokenMs: goalItl)
    }
}
