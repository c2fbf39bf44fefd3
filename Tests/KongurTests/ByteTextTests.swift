import Testing

@testable import Kongur

@Suite struct ByteTextTests {
    @Test(arguments: [
        (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "0.98 KiB"), (1024, "1 KiB"), (1536, "1.5 KiB"),
        (64 << 20, "64 MiB"),
        (-5, "0 B"), (3_245_000_000, "3.02 GiB"), (1023 << 20, "1 GiB"), (123 << 30, "123 GiB"), (.max, "8 EiB"),
    ])
    func peopleReadThreeDigits(count: Int, text: String) {
        #expect(ByteText.of(count) == text)
    }
}
