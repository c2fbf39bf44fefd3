import Foundation
import XIRCompiler

/// The reports of passes as a table for a person.
struct PassTable {
    private let reports: [PassReport]
    private let differences: [Double?]

    init(_ reports: [PassReport], differences: [Double?]) {
        self.reports = reports
        self.differences = differences
    }

    var text: String {
        var lines = ["pass                              rewrites  operations  launches  MB/token  arena MB"]
        if !differences.isEmpty { lines[0] += "  difference" }
        for (index, report) in reports.enumerated() {
            var line = report.pass.padding(toLength: 34, withPad: " ", startingAt: 0)
            line += Self.column("\(report.rewrites)", 8) + Self.column("\(report.operations)", 12)
            line += Self.column("\(report.launches)", 10) + Self.column(Self.megabytes(report.bytesMoved), 10)
            line += Self.column(report.arenaByteCount.map(Self.megabytes) ?? "-", 10)
            if differences.indices.contains(index) {
                line += Self.column(differences[index].map { String(format: "%.1e", $0) } ?? "-", 12)
            }
            lines.append(line)
            lines += report.refusals.map { "    left alone: \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    private static func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }

    private static func megabytes(_ count: Int) -> String {
        String(format: "%.2f", Double(count) / 1e6)
    }
}
