import Evaluation
import Foundation
import Testing

@Suite struct EvaluationReportTests {
    private func results(_ correct: [Bool], id: (Int) -> String = { String($0) }) -> [EvaluationResult] {
        correct.enumerated().map { index, correct in
            EvaluationResult(
                id: id(index),
                attempt: 0,
                family: index % 2 == 0 ? "even" : nil,
                correct: correct,
                answer: "1",
                extracted: correct ? "1" : nil,
                response: "",
                isCutOff: correct ? nil : true
            )
        }
    }

    @Test(arguments: [
        (0.5, 10, 0.2366, 0.7634), (0, 10, 0, 0.2775), (1, 10, 0.7225, 1), (0.8, 30, 0.6269, 0.9050), (0, 0, 0, 1),
        (0.95, 500, 0.9272, 0.9659),
    ])
    func theIntervalIsWilsons(share: Double, count: Int, low: Double, high: Double) {
        let interval = WilsonInterval.of(share, count: count)
        #expect(abs(interval.lowerBound - low) < 1e-4 && abs(interval.upperBound - high) < 1e-4, "\(interval)")
    }

    @Test func theJSONHasWhatScriptsRead() throws {
        let report = EvaluationReport(task: "t", results: results([true, true, false, true]))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(object["accuracy"] as? Double == 0.75)
        #expect(object["correct"] as? Int == 3)
        #expect(object["total"] as? Int == 4)
        #expect(object["without_answer"] as? Int == 1)
        #expect(object["cut_off"] as? Int == 1)
        let families = try #require(object["families"] as? [String: [String: Any]])
        #expect(families.keys.sorted() == ["even"])
        #expect(families["even"]?["accuracy"] as? Double == 0.5)
        let interval = try #require(object["interval"] as? [Double])
        #expect(interval[0] < 0.75 && interval[1] > 0.75)
    }

    @Test func nothingIsAReportToo() throws {
        let report = EvaluationReport(task: "t", results: [])
        #expect(report.overall.accuracy == 0)
        #expect(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) is [String: Any])
    }

    @Test func moreResponsesToAProblemDoNotMakeItSurer() {
        let once = EvaluationReport(task: "t", results: results([true, false]))
        let often = EvaluationReport(task: "t", results: results([true, false, true, false]) { String($0 % 2) })
        #expect(once.overall.interval == often.overall.interval)
    }

    @Test(arguments: [(1, 4, 1, 0.25), (2, 4, 1, 0.5), (4, 4, 1, 1), (2, 4, 3, 1), (3, 5, 0, 0), (2, 5, 2, 0.7)])
    func passAtKIsTheUnbiasedEstimate(k: Int, count: Int, correct: Int, expected: Double) {
        #expect(abs(PassAtK.estimate(k, count: count, correct: correct) - expected) < 1e-12)
    }
}
