import ArgumentParser
import CPUBackend
import DeviceRuntime
import Foundation
import Kongur

/// `kongur bench`: how fast a model is on this machine, beside what the machine can do.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast a model reads prompts and writes answers, beside this machine's limits.",
        discussion: """
            Each repetition measures the limits and then every test once, so that all see the same machine; printed are \
            medians, the slowest and the fastest. pp512 is a prompt of 512 tokens, tg128 answers of 128 tokens. The share of \
            the limit compares with reading all weights at the speed of memory, or multiplying at the processor's peak, \
            whichever takes longer.

            With --context 16 8192 answers are also written after 8192 tokens, other ones for each answer of a batch. The \
            warm-up computes them, which takes as long as a prompt of that length; repetitions find them in the cache. \
            Beside each context stands by how much longer a step takes than after the shortest one, and how long reading \
            the additional keys and values takes at the speed of memory.

            With --predict single steps are timed and set beside what the timing model says they take, with this machine's \
            processor as the device: three shapes in bf16, int8 and int4 where neither a model nor --shape is given.

            With --server a server is measured instead, under load: when the tokens of its answers come, how many it writes and \
            what it refuses. Prompts are random words, and have as many tokens as asked for by what the server counts for a \
            few of them before; answers are greedy and go on to their full length where the server knows ignore_eos.
            """
    )

    @Argument(help: "The model; the bundled one where not given.", completion: Completions.models)
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Measure this shape with random weights instead: \(ModelShape.allCases.map(\.rawValue).joined(separator: " or ")).",
            valueName: "shape"
        )
    )
    var shape: ModelShape?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Forms of weights to measure side by side.", valueName: "stored|f32|f16|bf16|int8|int4")
    )
    var quantize: [Choice<ModelOptions.Weights>] = []

    @Option(help: "Tokens of the prompt; 0 leaves this test out.")
    var prompt = 512

    @Option(help: "Tokens of an answer; 0 leaves these tests out.")
    var generate = 128

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Forms of the key/value cache to measure side by side; where not given, the one that the model gets anyway.",
            valueName: "f32|f16|bf16|int8"
        )
    )
    var kvCache: [Choice<ModelOptions.KeyValueCache>] = []

    @Option(parsing: .upToNextOption, help: "Answers that are written at once, in a test for each number.")
    var batch = [1]

    @Option(
        parsing: .upToNextOption,
        help: "Tokens before an answer, in a test for each number and batch; 16 at least."
    )
    var context = [16]

    @Option(name: .customLong("repeat"), help: "Repetitions that count; one more goes before them to warm up.")
    var repetitions = 5

    @Option(help: "Threads for the processor; one per core where not given.")
    var threads: Int?

    @Option(
        help: SpeculationChoice.help("Random weights soon repeat themselves, so the speed is then no other model's.")
    )
    var speculate = SpeculationChoice.off

    @Flag(help: "Measure the machine alone, with one thread and with all, and keep it as the device cpu-this-machine.")
    var limits = false

    @Flag(help: "Set the time of steps beside the timing model's predictions.")
    var predict = false

    @Flag(help: "With --predict: the kernels of each step too.")
    var kernels = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Server") var client: ClientArguments
    @OptionGroup(title: "Load of a server") var load: LoadArguments

    func validate() throws {
        if client.server != nil {
            guard name == nil, shape == nil, quantize.isEmpty, kvCache.isEmpty, batch == [1], context == [16],
                repetitions == 5, threads == nil, speculate == .off, !limits, !predict
            else {
                throw ValidationError(
                    "With --server no model runs here: of the options of a local benchmark, --prompt, --generate and --json are left."
                )
            }
            guard prompt >= 1, generate >= 1, load.sharedPrefix <= prompt else {
                throw ValidationError(
                    "--prompt and --generate must be at least 1 with --server, and --shared-prefix at most --prompt."
                )
            }
        } else if !load.isDefault {
            throw ValidationError("The options for the load of a server need its address: give --server.")
        }
        if kernels, !predict { throw ValidationError("--kernels is for --predict.") }
        if predict {
            guard batch == [1], context == [16], prompt == 512, generate == 128, speculate == .off, !limits else {
                throw ValidationError(
                    "With --predict the steps are given: of the other options, MODEL or --shape, --quantize, --kv-cache, --repeat, --threads and --json are left."
                )
            }
        }
        for (name, value) in [("repeat", repetitions), ("threads", threads ?? 1)] + batch.map({ ("batch", $0) })
        where value < 1 {
            throw ValidationError("--\(name) must be at least 1.")
        }
        guard prompt >= 0, generate >= 0, batch.allSatisfy({ $0 <= 64 }) else {
            throw ValidationError("--prompt and --generate must not be negative, and --batch at most 64.")
        }
        guard !context.isEmpty, context.allSatisfy({ (16...1 << 20).contains($0) }) else {
            throw ValidationError("--context must be from 16 to \(1 << 20).")
        }
        if name != nil, shape != nil { throw ValidationError("--shape takes the place of a model; give one of them.") }
    }

    func run() async throws {
        if let server = client.server { return try await measure(server) }
        if limits { return try printLimits() }
        if predict { return try printPredictions() }
        let tests = tests
        let models = try models(tests)
        let probe = try LimitsProbe(threads: threads)
        var record = BenchmarkRecord()
        for (form, model) in models { record.add(model, form: form) }
        for repetition in 0...repetitions {
            Console.progress("repetition \(repetition) of \(repetitions)")
            let limits = probe.measure()
            if repetition > 0 { record.add(limits) }
            for (form, model) in models {
                for test in tests {
                    let speed = try await model.run(test)
                    guard repetition > 0 else { continue }
                    guard speed > 0 else {
                        throw KongurError(
                            .failed,
                            "\(test.name): the first of \(test.batch) answers was complete before the last had begun; ask for longer ones with --generate"
                        )
                    }
                    record.add(
                        BenchmarkRecord.Key(test: test, form: form, cache: model.cache),
                        speed: speed,
                        limit: model.limit(of: test, limits, multiplying: form.peak(limits)),
                        cacheSeconds: Double(model.cacheByteCount(of: test)) / limits.read
                    )
                }
            }
        }
        Console.progress("")
        if json { try Console.print(json: record.report) } else { Console.print(record.table) }
    }

    private var tests: [ModelBenchmark.Test] {
        let generations = batch.flatMap { batch in
            context.map { ModelBenchmark.Test.generation(generate, batch: batch, context: $0) }
        }
        return (prompt > 0 ? [.prompt(prompt)] : []) + (generate > 0 ? generations : [])
    }

    private func models(_ tests: [ModelBenchmark.Test]) throws -> [(ModelOptions.Weights, ModelBenchmark)] {
        let cache = ModelLocator().cacheFolder
        let folder = try shape.map { shape in
            try shape.checkpoint(in: cache) { Console.note("writing random weights to \($0)") }
        }
        let forms = quantize.isEmpty ? [.stored] : quantize.map(\.form)
        let caches: [ModelOptions.KeyValueCache?] = kvCache.isEmpty ? [nil] : kvCache.map(\.form)
        return try forms.flatMap { form in
            try caches.map { cache in
                Console.progress("loading \(form.rawValue)")
                let options = ModelOptions(
                    weights: form,
                    keyValueCache: cache,
                    threads: threads,
                    speculation: speculate.speculation
                )
                return (form, try ModelBenchmark(folder ?? name, options: options, tests: tests))
            }
        }
    }

    private func measure(_ server: String) async throws {
        let connections =
            switch load.plan.arrivals {
            case .clients(let count): count
            case .rate: 1 << 16
            }
        try await client.withClient(of: server, connections: connections) { client, model in
            let run = LoadRun(client: client, model: model, arguments: load, prompt: prompt, generate: generate)
            let report = try await run.report()
            if json { try Console.print(json: report) } else { Console.print(report.table) }
            guard report.completed > 0 else {
                let failure = report.failures.first.map { ": \($0.message)" } ?? ""
                throw KongurError(.networkFailed, "no request was answered\(failure)")
            }
        }
    }

    private func printPredictions() throws {
        let cache = ModelLocator().cacheFolder
        let shapes: [ModelShape?] = shape.map { [$0] } ?? (name == nil ? [.vibethinker, .small, .narrow] : [nil])
        let forms = quantize.isEmpty ? [.bfloat16, .int8, .int4] : quantize.map(\.form)
        let processor = try ProcessorDescriptor(threads: threads)
        var report = PredictionReport()
        for shape in shapes {
            let folder = try shape.map { shape in
                try shape.checkpoint(in: cache) { Console.note("writing random weights to \($0)") }
            }
            for form in forms {
                Console.progress("loading \(form.rawValue)")
                let options = ModelOptions(weights: form, keyValueCache: kvCache.first?.form, threads: threads)
                let prediction = try StepPrediction(folder ?? name, options: options)
                // Some machines are another one minutes later.
                let known = try processor.measure { Console.progress("measuring \($0)") }
                let rows = try prediction.rows(known, processor, rounds: repetitions) { step in
                    Console.progress("\(shape?.rawValue ?? name ?? "") \(form.rawValue) \(step)")
                }
                let title = shape?.rawValue ?? name ?? ""
                report.results.append(PredictionReport.Entry(shape: title, quantization: form.rawValue, rows: rows))
            }
        }
        Console.progress("")
        if json { try Console.print(json: report) } else { Console.print(report.table(kernels: kernels)) }
    }

    private func printLimits() throws {
        var records: [BenchmarkRecord] = []
        let probes = [try LimitsProbe(threads: 1), try LimitsProbe(threads: threads)]
        for probe in probes {
            var record = BenchmarkRecord()
            for _ in 0..<repetitions { record.add(probe.measure()) }
            records.append(record)
        }
        if json {
            try Console.print(json: ["one_thread": records[0].report.limits, "all_threads": records[1].report.limits])
        } else {
            for record in records { Console.print(record.limitsLine) }
        }
        let (descriptor, _) = try ProcessorDescriptor(threads: threads).measure {
            Console.progress("measuring \($0)")
        }
        Console.progress("")
        Console.note("kept as the device \(descriptor.name) in \(try DeviceCatalog.keep(descriptor))")
    }
}

extension ModelShape: ExpressibleByArgument {}

extension ModelOptions.Weights {
    /// The speed of the multiplications that a form of weights needs.
    func peak(_ limits: ProcessorLimits) -> Double {
        switch self {
        case .stored, .float32, .float16: limits.float32
        case .bfloat16: limits.bfloat16
        case .int8, .int4: limits.int8
        }
    }
}
