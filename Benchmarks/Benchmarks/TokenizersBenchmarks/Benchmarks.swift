import Benchmark

/// Each iteration takes a megabyte, so that the throughput (iterations a second) reads as MB/s.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.throughput, .wallClock],
        warmupIterations: 3,
        maxDuration: .seconds(5),
        maxIterations: 1000
    )
    do {
        let text = try EnglishText()
        let tokenizer = try TokenizerFolder.tokenizer()
        measureEncoding(tokenizer, text)
        measureDetokenizing(tokenizer, text)
        measureTemplate(try TokenizerFolder.template(), text)
    } catch {
        fatalError("\(error)")
    }
}
