import ArgumentParser
import Foundation
import Kongur
import ModelHub
import Synchronization

/// `kongur pull`: a model from a hub, or a mirror, to this machine.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Download a model from a hub and print the folder that holds it.",
        discussion: """
            Goes on where an interrupted download stopped, and checks every file against the hub's hash. HF_ENDPOINT \
            names a mirror and HF_TOKEN a token; models are kept where the hub's Python tools look for them (HF_HOME).
            """
    )

    @Argument(help: "The model, as OWNER/NAME.")
    var model: String

    @Option(help: "A branch, a tag or a commit.")
    var revision = "main"

    @Flag(help: "Show no progress.")
    var quiet = false

    func run() async throws {
        let repository = try RepositoryName(model)
        let bar = ProgressBar(isShown: !quiet)
        let client = HubClient(configuration: try HubConfiguration.fromEnvironment())
        let quiet = quiet
        let folder: String
        do {
            folder = try await client.download(repository, revision: revision) { progress in
                if !quiet, let line = Self.line(progress) { bar.note(line) }
                bar.show(done: progress.overallByteCount, of: progress.overallTotalByteCount, unit: .bytes)
            }
        } catch {
            bar.clear()
            throw error
        }
        bar.clear()
        Console.print(folder)
    }

    /// What is worth a line of its own.
    private static func line(_ progress: DownloadProgress) -> String? {
        switch progress.phase {
        case .transferring, .verifying: nil
        case .waiting: "\(progress.file): waiting for another download of it"
        case .retrying(let reason, let delay): "\(progress.file): \(reason); trying again in \(delay.seconds(1)) s"
        case .verified: "\(progress.file): done, and its hash is right"
        case .complete: "\(progress.file): done"
        case .cached: "\(progress.file): is there already"
        }
    }
}
