import Benchmark
import Tokenizers

func measureDetokenizing(_ tokenizer: Tokenizer, _ text: EnglishText) {
    let ids = tokenizer.encode(text.whole)
    Benchmark("Detokenize 1 MB of English, token by token") { _ in
        var detokenizer = StreamingDetokenizer(tokenizer: tokenizer)
        for id in ids { blackHole(detokenizer.append(id)) }
        blackHole(detokenizer.finish())
    }
}
