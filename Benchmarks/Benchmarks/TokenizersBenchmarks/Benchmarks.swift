import Benchmark

/// Each iteration takes a megabyte, so that the throughput (iterations a second) reads as MB/s.
let benchmarks: @Sendable () -> Void = {
    do {
        let text = try EnglishText()
        let tokenizer = try TokenizerFolder.tokenizer()
        measureEncoding(tokenizer, text)
        measureDetokenizing(tokenizer, text)
        try measureGrammars(tokenizer)
        measureTemplate(try TokenizerFolder.template(), text)
    } catch {
        fatalError("\(error)")
    }
}
