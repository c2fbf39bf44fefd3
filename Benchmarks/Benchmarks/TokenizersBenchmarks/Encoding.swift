import Tokenizers
import Yardsticks

func measureEncoding(_ tokenizer: Tokenizer, _ text: EnglishText) {
    measure("encode-english", beside: .processor) {
        Work { _ = tokenizer.encode(text.whole) }
    }
    // What a server sees: many short texts, each of which must do without what was learned from the one before.
    measure("encode-english-by-problem", beside: .processor) {
        Work { for problem in text.problems { _ = tokenizer.encode(problem) } }
    }
    // One word without an end: quadratic time would show here.
    measure("encode-one-letter", beside: .processor) {
        let letters = String(repeating: "a", count: EnglishText.byteCount)
        return Work { _ = tokenizer.encode(letters) }
    }
}
