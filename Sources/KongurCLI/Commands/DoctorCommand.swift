import ArgumentParser
import CPUBackend
import Foundation
import Kongur
import OpenAIServer

/// `kongur doctor`: says whether this machine has what Kongur needs.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what this machine has and what is missing.",
        discussion: """
            Exits with 1 when something that Kongur needs is missing. With --device xpu it checks a Kunlun card: its libraries and \
            their symbols, memory and transfers, each operation of the model beside the reference, very wide products, and tokens. \
            Send the report of --json with what you write about a card.
            """
    )

    @Option(help: ArgumentHelp("Check a Kunlun card instead: xpu or xpu:N.", valueName: "xpu"))
    var device: String?

    @Option(help: "The model whose operations --device checks, in f16 and int8; the bundled one where not given.")
    var model: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if device == nil, model != nil { throw ValidationError("--model belongs to --device.") }
        if let device, !DeviceCatalog.isKunlun(device) {
            throw ValidationError(
                "--device is xpu or xpu:N, with N from 0 to 63; what the processor has is checked without it."
            )
        }
    }

    func run() async throws {
        if let device { return try KunlunCheckup(device: device, model: model).run(json: json) }
        var findings = [Finding(.good, "kongur", kongurVersion)]
        findings += Self.machine()
        findings.append(Self.bundledModel())
        findings.append(Self.cacheFolder())
        findings.append(Self.webPage())
        let kunlun = DeviceCatalog.hasKunlun ? Finding.State.good : .absent
        findings.append(Finding(kunlun, "kunlun", DeviceCatalog.detail(of: "xpu")))
        if json {
            try Console.print(json: findings)
        } else {
            for finding in findings { Console.print(finding.line) }
        }
        if findings.contains(where: { $0.state == .bad }) { throw ExitCode.failure }
    }

    struct Finding: Encodable {
        enum State: String, Encodable {
            case good = "ok"
            /// Neither there nor needed.
            case absent = "none"
            /// Missing, and not needed.
            case reduced
            case bad = "missing"
        }

        var state: State
        var name: String
        var detail: String

        init(_ state: State, _ name: String, _ detail: String) {
            self.state = state
            self.name = name
            self.detail = detail
        }

        var line: String {
            state.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
                + name.padding(toLength: 15, withPad: " ", startingAt: 0) + detail
        }
    }

    private static func machine() -> [Finding] {
        let process = ProcessInfo.processInfo
        func size(_ count: Int) -> String {
            ByteText.of(count)
        }
        let limit = SystemMemory().limit.map { ", of which \(size($0.byteCount)) may be used: \($0.reason)" } ?? ""
        let memory = size(Int(clamping: process.physicalMemory)) + limit
        return [
            Finding(.good, "system", process.operatingSystemVersionString),
            Finding(.good, "processor", "\(process.activeProcessorCount) cores"),
            Finding(.good, "memory", memory),
        ]
    }

    private static func bundledModel() -> Finding {
        do {
            return Finding(.good, "bundled model", try ModelLocator().locate(nil).path)
        } catch {
            return Finding(.bad, "bundled model", "\(error)")
        }
    }

    private static func webPage() -> Finding {
        let folder = ServerConfiguration().javaScriptFolder
        let missing = JavaScriptPackages(folder: folder).missing.joined(separator: " ")
        guard !missing.isEmpty else { return Finding(.good, "web page", "formulas and code are drawn by \(folder)") }
        return Finding(
            .reduced,
            "web page",
            "shows formulas and code as plain text: apt-get install \(missing), or name their folder with serve's --javascript-folder"
        )
    }

    private static func cacheFolder() -> Finding {
        let folder = ModelLocator().cacheFolder
        // The folder is made at the first use; until then its nearest parent says whether that will work.
        var existing = URL(fileURLWithPath: folder)
        while !FileManager.default.fileExists(atPath: existing.path), existing.path != "/" {
            existing.deleteLastPathComponent()
        }
        guard FileManager.default.isWritableFile(atPath: existing.path) else {
            return Finding(.bad, "cache", "\(folder) cannot be written; set KONGUR_CACHE to a folder that can")
        }
        return Finding(.good, "cache", folder)
    }
}
