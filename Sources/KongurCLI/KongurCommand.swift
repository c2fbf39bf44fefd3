import ArgumentParser
import Foundation
import Kongur

/// `kongur`: reads the command line, runs one command, and turns what goes wrong into a message and an exit status.
///
/// Statuses: 0 done, 1 something failed, 2 the input is wrong, 130 interrupted.
@main
struct KongurCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kongur",
        abstract: "Runs small reasoning models.",
        version: kongurVersion,
        subcommands: [
            RunCommand.self, ChatCommand.self, PullCommand.self, ExportCommand.self, CompileCommand.self,
            OptimizeCommand.self, InspectCommand.self, TokenizeCommand.self, TemplateCommand.self, LogitsCommand.self,
            EvalCommand.self, BatchCommand.self, BenchCommand.self, PlanCommand.self, ServeCommand.self,
            KeysCommand.self, DevicesCommand.self, TopCommand.self, DoctorCommand.self,
        ]
    )

    static func main() async {
        Console.reserveStreams()
        do {
            try checkEncoding()
            try checkName()
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as KongurError {
            fail(error.message, error.exitStatus)
        } catch let error as ExitCode {
            Foundation.exit(error.rawValue)
        } catch  where exitCode(for: error) == .success {
            // Help, the version and completions.
            Console.print(fullMessage(for: error))
        } catch  where isUsageError(error) {
            let message = fullMessage(for: error)
            fail(message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message, 2)
        } catch {
            let error = KongurError(error)
            fail(error.message, error.exitStatus)
        }
    }

    /// Refuses arguments that are not UTF-8, in which Swift would put replacement characters without a word.
    private static func checkEncoding() throws {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            if String(validatingCString: argument) == nil {
                throw KongurError(.invalidInput, "argument \(index) is not UTF-8 text")
            }
        }
    }

    /// Refuses a command that there is not, with the one that may be meant.
    private static func checkName() throws {
        guard let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-"), name != "help" else { return }
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !names.contains(name) else { return }
        let nearest = NearestName(to: name, of: names)
        let remedy =
            nearest.isNear
            ? "did you mean '\(nearest.name)'?" : "`kongur --help` lists all, and a question is asked by `kongur run`"
        throw KongurError(.invalidInput, "there is no command '\(name)'; \(remedy)")
    }

    /// Whether the command line itself was wrong: ArgumentParser then knows a usage to show.
    private static func isUsageError(_ error: any Error) -> Bool {
        exitCode(for: error) == .validationFailure
    }

    private static func fail(_ message: String, _ status: Int32) -> Never {
        if status != KongurError.interrupted { Console.note("kongur: error: \(message)") }
        Foundation.exit(status)
    }
}

extension KongurError {
    fileprivate static let interrupted: Int32 = 130

    var exitStatus: Int32 {
        switch code {
        case .modelNotFound, .invalidModel, .invalidInput: 2
        case .cancelled: Self.interrupted
        case .deviceFailed, .networkFailed, .outOfMemory, .busy, .failed: 1
        }
    }
}
