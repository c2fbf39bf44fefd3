import Testing

@testable import Tokenizers

struct NormalizerTests {
    @Test(
        "a mark joins the character before it, also where characters that stay as they are end",
        arguments: [
            ("cafe\u{301} – ole\u{301}", "caf\u{E9} – ol\u{E9}"),
            ("e\u{301}", "\u{E9}"),
            ("\u{301}e", "\u{301}e"),
            ("α\u{301}β = γ\u{301}", "\u{3AC}β = γ\u{301}"),
            ("x ∈\u{338} S", "x \u{2209} S"),
            ("数\u{301}か\u{3099}学", "数\u{301}が学"),
            ("e\u{323}\u{302}\u{1F600}e\u{302}\u{323}", "\u{1EC7}\u{1F600}\u{1EC7}"),
        ]
    )
    func composed(text: String, expected: String) {
        let bytes = Array(text.utf8).withUnsafeBufferPointer { Normalizer.composed.normalized($0) }
        #expect(bytes == Array(expected.utf8))
    }
}
