import Testing
import XIR

@Suite struct ExtentTests {
    @Test func sumsHaveOneForm() {
        let past: Extent = "past"
        let sequence: Extent = "sequence"
        #expect(past + sequence == sequence + past)
        #expect((past + sequence - past) == sequence)
        #expect((past * 2 + 3 - sequence).description == "2*past-sequence+3")
        #expect((past + sequence).value(["past": 3, "sequence": 4]) == 7)
        #expect((past + sequence).value(["past": 3]) == nil)
        #expect((past * Int.max).value(["past": 3]) == nil)
    }
}
