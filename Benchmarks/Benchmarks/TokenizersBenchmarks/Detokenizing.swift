import Tokenizers
import Yardsticks

func measureDetokenizing(_ tokenizer: Tokenizer, _ text: EnglishText) {
    measure("detokenize-english", beside: .processor) {
        let ids = tokenizer.encode(text.whole)
        return Work {
            var detokenizer = StreamingDetokenizer(tokenizer: tokenizer)
            for id in ids { _ = detokenizer.append(id) }
            _ = detokenizer.finish()
        }
    }
}
