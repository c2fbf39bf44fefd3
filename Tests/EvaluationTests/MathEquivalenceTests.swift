import Evaluation
import Foundation
import Testing

@Suite struct MathEquivalenceTests {
    @Test(arguments: [
        ("204", "204"), ("204.0", "204"), ("070", "70"), ("1,000", "1000"), ("10,\\!080", "10080"),
        ("12{,}345", "12345"),
        ("11,\\! 111,\\! 111,\\! 100", "11111111100"), ("+5", "5"), ("\u{2212}5", "-5"), ("--5", "5"), (".5", "1/2"),
        ("0.25", "\\frac14"), ("\\dfrac{3}{4}", "3/4"), ("-\\frac{1}{2}", "\\frac{-1}{2}"),
        ("\\frac{2}{4}", "\\frac{1}{2}"),
        ("\\frac{270}7\\text{ degrees}", "\\frac{270}{7}"), ("1\\frac{1}{2}", "1.5"), ("2\\frac{3}{1}", "6"),
        ("50\\%", "50"), ("90^\\circ", "90"), ("90^{\\circ}", "90\u{b0}"), ("\\$5", "5"), ("5\\text{ cm}", "5"),
        ("12 cm", "12"),
        ("12 square units", "12"), ("7\\mbox{ cm}^2", "7"), ("x=5", "5"), ("x = \\frac{1}{2}", "0.5"),
        ("f(x) = 3", "3"),
        ("$42$", "42"), ("\\(42\\)", "42"), ("\\boxed{42}", "42"), ("42.", "42"), ("\\text{Evelyn}", "Evelyn"),
        ("\\text{(C)}", "C"), ("c", "(C)"), ("East", "\\text{east}"), ("11\\sqrt{2}", "11\\sqrt2"), ("\\sqrt{4}", "2"),
        ("\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}"), ("\\sqrt{12}", "2\\sqrt{3}"), ("\\frac{\\pi}{2}", "\\pi/2"),
        ("\\sqrt[3]{27}", "3"), ("3\\times10^{5}", "300000"), ("6.72 \\cdot 10^{-5}", ".0000672"), ("2^{10}", "1024"),
        ("(2)(3)", "6"), ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\pi/2)"), ("(6, 31, -1)", "(6,31,-1)"),
        ("1,-2", "-2, 1"), ("x=1, x=-2", "1,-2"), ("\\{3, 5, 7\\}", "7,3,5"), ("3 \\text{ and } 5", "5,3"),
        ("3 or 5", "5, 3"),
        ("1 \\pm \\sqrt{19}", "1-\\sqrt{19}, 1+\\sqrt{19}"), ("\\pm 2", "-2,2"), ("(3,4]", "(3, 4]"),
        ("x \\in [0,1)", "[0,1)"),
        ("(-\\infty, 0) \\cup (1, \\infty)", "(1,\\infty)\\cup(-\\infty,0)"), ("52_{8}", "52_8"), ("6 - 5i", "6-5i"),
        ("2k + 2", "2k+2"),
        ("\\begin{pmatrix} -1/3 \\\\ 2/3 \\end{pmatrix}", "\\begin{pmatrix}-1/3\\\\2/3\\end{pmatrix}"),
        ("\\frac{1}{2}, 3", "3, 0.5"), ("1,234", "1234"),
        ("123456789012345678901234567890123456789012345678", "123456789012345678901234567890123456789012345678"),
    ])
    func theseAreTheSame(answer: String, expected: String) {
        #expect(MathEquivalence.areEqual(answer, expected))
        #expect(MathEquivalence.areEqual(expected, answer))
    }

    @Test(arguments: [
        ("204", "205"), ("0.333", "\\frac13"), ("0.3333333333", "1/3"), ("3.14", "\\pi"), ("1,2", "12"),
        ("(1,2)", "(2,1)"),
        ("[0,1)", "(0,1)"), ("[0,1]", "0,1"), ("1,2,3", "1,2"), ("1,1,2", "1,2,2"), ("-5", "5"), ("", ""), ("", "5"),
        ("5", ""),
        ("a", "b"), ("a+b", "a-b"), ("\\sqrt{2}", "2"), ("2\\sqrt{3}", "3\\sqrt{2}"), ("1/0", "2/0"),
        ("\\frac{1}{0}", "5"),
        ("52_8", "52_9"), ("east", "west"), ("5x", "5"), ("2xy", "2"), ("2 xy", "2"),
        ("9999999999999999", "10000000000000000"),
        ("123456789012345678901234567890123456789012345678", "123456789012345678901234567890123456789012345679"),
        ("12,34", "1234"), ("1,23", "123"), ("x=5", "y"), ("5;6", "56"),
    ])
    func theseDiffer(answer: String, expected: String) {
        #expect(!MathEquivalence.areEqual(answer, expected))
        #expect(!MathEquivalence.areEqual(expected, answer))
    }

    @Test func anythingCanBeCompared() {
        for text in [
            String(repeating: "(", count: 3000), String(repeating: "{", count: 100_000),
            String(repeating: "\\frac{", count: 600),
            String(repeating: "-", count: 3000), String(repeating: "\\sqrt", count: 700), "9^9^9^9^9",
            "2^{-99999999999999999999}",
            String(repeating: "1,", count: 1900), String(repeating: "\\pm", count: 1000), "\\", "\\frac", "\\frac1",
            "^", "_{",
            "\\text{", "}{", "\\boxed{", "$", "(", "1e999", "\u{0}", "\u{1F600}",
            String(repeating: "((1,2),", count: 500),
            "170141183460469231731687303715884105727/3", "\\frac{170141183460469231731687303715884105727}{-1}",
            "170141183460469231731687303715884105727+170141183460469231731687303715884105727", "0^{-1}", "(-1)^{0.5}",
        ] {
            #expect(!MathEquivalence.areEqual(text, "7"))
            _ = MathEquivalence.areEqual(text, text)
            _ = MathEquivalence.areEqual(text + "0", text)
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: Self.math500), "needs ../shared/data/eval"))
    func everyAnswerOfMATH500EqualsItselfAndFewOthers() throws {
        let task = try JSONLTask(path: Self.math500)
        #expect(task.samples.count == 500)
        let answers = Set(task.samples.map(\.answer)).sorted()
        for answer in answers {
            #expect(MathEquivalence.areEqual(answer, answer))
        }
        let first = answers.prefix(40)
        for (index, a) in first.enumerated() {
            for b in first.dropFirst(index + 1) {
                // The set spells some values in several ways, all of which are numbers here.
                let isSame = MathEquivalence.areEqual(a, b)
                #expect(!isSame || (a.contains("frac") && b.contains("frac")), "\(a) = \(b)")
            }
        }
    }

    private static let math500 = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/data/eval/math500.json").path
}
