import Benchmark
import Tokenizers

func measureEncoding(_ tokenizer: Tokenizer, _ text: EnglishText) {
    Benchmark("Encode 1 MB of English") { _ in
        blackHole(tokenizer.encode(text.whole))
    }
    // What a server sees: many short texts, each of which must do without what was learned from the one before.
    Benchmark("Encode 1 MB of English, problem by problem") { _ in
        for problem in text.problems { blackHole(tokenizer.encode(problem)) }
    }
    // One word without an end: quadratic time would show here.
    let letters = String(repeating: "a", count: EnglishText.byteCount)
    Benchmark("Encode 1 MB of one letter") { _ in
        blackHole(tokenizer.encode(letters))
    }
}
