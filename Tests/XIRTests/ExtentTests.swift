import Testing
import XIR

@Suite struct ExtentTests {
    @Test func quotientsOfTheSmallestNumber() {
        #expect(Extent(.min).divided(by: -1) != nil)
        #expect(Extent(.min).divided(by: 0) == nil)
        #expect(("past" + "past" + 4 as Extent).divided(by: -2) == "past" * -1 - 2)
    }

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

    @Test(arguments: ["0", "-3", "past", "2*past-sequence+3", "-past", "a+b+c", "tokens-1"])
    func textRoundTrips(text: String) throws {
        #expect(try #require(Extent(parsing: text)).description == text)
    }

    @Test(arguments: ["", "+", "+a", "1*2", "a*b", "a++b", "2past", "a b", "-", "99999999999999999999"])
    func otherTextIsRefused(text: String) {
        #expect(Extent(parsing: text) == nil)
    }
}
