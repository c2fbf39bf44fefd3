import CapacityPlanning
import InferenceEngine
import Testing

@Suite struct WorkloadTests {
    @Test(arguments: ["100:400", "1000:1000", "6000:24000:40960", "300:5000:6000", "512"])
    func drawnLengthsHaveTheMeanAndTheQuantiles(text: String) throws {
        let lengths = try LengthDistribution(text, label: "--answer-tokens")
        let source = RandomSource(seed: 7)
        let drawn = (0..<40_000).map { lengths.sample(source, at: $0) }.sorted()
        let mean = Double(drawn.reduce(0, +)) / Double(drawn.count)
        #expect(abs(mean / lengths.mean - 1) < 0.02, "\(mean) and \(lengths.mean)")
        let numbers = text.split(separator: ":").compactMap { Double($0) }
        #expect(abs(Double(drawn[drawn.count / 2]) / numbers[0] - 1) < 0.03)
        if numbers.count > 1 { #expect(abs(Double(drawn[drawn.count * 95 / 100]) / numbers[1] - 1) < 0.05) }
        #expect(drawn.last ?? .max <= lengths.longest && drawn[0] >= 1)
    }

    @Test(arguments: ["", "0", "-5", "x", "5:", "10:5", "1:2:3:4", "1e3", "99999999", ":", "10:20:15", "1.5"])
    func whatIsNoLengthIsRefused(text: String) {
        let failure = #expect(throws: CapacityError.self) { _ = try LengthDistribution(text, label: "--prompt-tokens") }
        #expect(failure?.code == .invalidInput)
        #expect(failure?.message.contains("--prompt-tokens") == true)
    }

    @Test func theSameSeedGivesTheSameRequestsAndAnotherDoesNot() {
        let requests = Workload.vibeThinker.requests(500, rate: 2, seed: 3)
        #expect(requests == Workload.vibeThinker.requests(500, rate: 2, seed: 3))
        #expect(requests != Workload.vibeThinker.requests(500, rate: 2, seed: 4))
        #expect(zip(requests, requests.dropFirst()).allSatisfy { $0.arrival <= $1.arrival })
        // The lengths do not depend on the rate, so loads differ in nothing but how close requests come.
        let faster = Workload.vibeThinker.requests(500, rate: 4, seed: 3)
        #expect(zip(requests, faster).allSatisfy { $0.prompt == $1.prompt && $0.answer == $1.answer })
        #expect(Workload.article.requests(9, rate: .infinity, seed: 1).allSatisfy { $0.arrival == 0 })
    }

    @Test func arrivalsArePoissons() {
        let arrivals = Workload.article.requests(20_000, rate: 5, seed: 1).map(\.arrival)
        let gaps = zip(arrivals, arrivals.dropFirst()).map { $1 - $0 }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect(abs(mean - 0.2) < 0.005)
        // Of an exponential distribution the deviation is the mean.
        #expect(abs(variance.squareRoot() / mean - 1) < 0.05)
    }

    @Test func aRecordIsRead() throws {
        let text = "{\"prompt\": 10, \"answer\": 20, \"at\": 5}\n\n{\"prompt\": 30, \"answer\": 40, \"at\": 2.5}\n"
        let workload = try Workload(jsonLines: text, file: "lengths.jsonl")
        #expect(workload.hasArrivals && workload.meanPrompt == 20 && workload.longestAnswer == 40)
        let trace = try #require(workload.trace)
        #expect(trace.map(\.arrival) == [0, 2.5] && trace.map(\.prompt) == [30, 10])
        let without = try Workload(jsonLines: "{\"prompt\": 1, \"answer\": 2}", file: "f")
        #expect(without.trace == nil && !without.hasArrivals)
    }

    @Test(arguments: [
        ("", "no lines"), ("{}", "line 1"), ("{\"prompt\": 1, \"answer\": 2}\nx", "line 2"),
        ("{\"prompt\": 0, \"answer\": 2}", "line 1"), ("{\"prompt\": 1, \"answer\": -2}", "line 1"),
        ("{\"prompt\": 1, \"answer\": 2, \"at\": -1}", "line 1"), ("[1, 2]", "line 1"),
        ("{\"prompt\": 1, \"answer\": 2, \"at\": 1}\n{\"prompt\": 1, \"answer\": 2}", "all or none"),
        ("{\"prompt\": 1e99, \"answer\": 2}", "line 1"),
    ])
    func aBadRecordIsRefusedByLine(text: String, part: String) {
        let failure = #expect(throws: CapacityError.self) { _ = try Workload(jsonLines: text, file: "lengths.jsonl") }
        #expect(failure?.message.contains("lengths.jsonl") == true && failure?.message.contains(part) == true)
    }

    @Test func aDaysProfileHasAMeanOfOne() throws {
        for profile in [DayProfile.day, .flat, try DayProfile((0..<24).map { Double($0) })] {
            #expect(profile.hours.count == 24)
            #expect(abs(profile.hours.reduce(0, +) - 24) < 1e-9)
            #expect(profile.peak >= 1)
        }
        for wrong in [[], [1.0], [Double](repeating: 0, count: 24), [Double](repeating: -1, count: 24)] {
            #expect(throws: CapacityError.self) { _ = try DayProfile(wrong) }
        }
        #expect(throws: CapacityError.self) { _ = try DayProfile([Double](repeating: .infinity, count: 24)) }
    }
}
