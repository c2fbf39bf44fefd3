import ArgumentParser
import Foundation
import Kongur
import KunlunBackend

/// `kongur doctor --device xpu`: the checks of a Kunlun card, for a person or as JSON.
struct KunlunCheckup {
    let device: String
    let model: String?

    /// Exits with 1 when something is wrong.
    func run(json: Bool) throws {
        let report = try DeviceCatalog.checkup(device, model: model)
        if json { try Console.print(json: report) } else { lines(report).forEach(Console.print) }
        if !report.problems.isEmpty { throw ExitCode.failure }
    }

    private func lines(_ report: CheckupReport) -> [String] {
        var lines = report.libraries.map { library in
            let state = library.path == nil || library.reason != nil ? "missing" : "ok"
            let path = library.path ?? "not found in \(library.tried.count) places"
            let version = library.version.map { ", \($0)" } ?? ""
            let lacks =
                library.path != nil && !library.missing.isEmpty
                ? ", lacks \(library.missing.joined(separator: " "))" : ""
            return row(state, library.purpose, "\(path)\(version)\(lacks)")
        }
        if let facts = report.device {
            let memory = facts.memoryByteCount.map { ", \(Self.size($0)) of memory" } ?? ""
            let state = [facts.temperature.map { "\($0) °C" }, facts.power.map { "\($0) W" }].compactMap { $0 }
            lines.append(
                row(
                    "ok",
                    "device",
                    "\(facts.name) \(facts.product ?? "") \(facts.address ?? "")\(memory) \(state.joined(separator: ", "))"
                )
            )
        }
        for transfer in report.transfers {
            let speeds = "\(Self.size(Int(transfer.toDevice)))/s there, \(Self.size(Int(transfer.toHost)))/s back"
            lines.append(
                row(transfer.isIntact ? "ok" : "bad", "transfer", "\(Self.size(transfer.byteCount)): \(speeds)")
            )
        }
        lines += report.operations.map { line("operation", $0) } + report.wideProducts.map { line("wide product", $0) }
        for reading in report.readings {
            for choice in reading.choices {
                let used = choice.isUsed ? ", in use" : ""
                lines.append(line("reading", choice.check, "\(reading.name)=\(choice.choice)\(used), "))
            }
        }
        for tokens in report.tokens {
            let detail =
                "\(tokens.device.count) with \(tokens.weights) weights in \(String(format: "%.3f", tokens.seconds)) s"
            lines.append(row(tokens.isEqual ? "ok" : "bad", "tokens", detail))
        }
        return lines + report.problems.map { "problem: \($0)" } + report.hints.map { "hint: \($0)" }
    }

    private func line(_ name: String, _ check: CheckupReport.Operation, _ prefix: String = "") -> String {
        let error = check.failure ?? "differs by \(String(format: "%.1e", check.error ?? .infinity))"
        let time = check.seconds.map { String(format: ", %.0f µs", $0 * 1e6) } ?? ""
        let operands = check.operands.joined(separator: ", ")
        return row(
            check.isGood ? check.ranOn == "cpu" ? "cpu" : "ok" : "bad",
            name,
            "\(prefix)\(check.operation)(\(operands)), \(check.rows) rows: \(error)\(time)"
        )
    }

    private func row(_ state: String, _ name: String, _ detail: String) -> String {
        state.padding(toLength: 8, withPad: " ", startingAt: 0)
            + name.padding(toLength: 15, withPad: " ", startingAt: 0)
            + detail
    }

    private static func size(_ count: Int) -> String {
        ByteText.of(count)
    }
}
