import ArgumentParser
import OpenAIServer

/// The system message of conversations that bring none.
struct SystemArguments: ParsableArguments {
    @Option(help: ArgumentHelp("A system message, put before the conversation.", valueName: "text"))
    var system: String?

    @Option(help: ArgumentHelp("A ready system message.", valueName: "name"))
    var preset: SystemPreset?

    func validate() throws {
        if system != nil, preset != nil { throw ValidationError("--system and --preset exclude each other.") }
    }

    var text: String? { system ?? preset?.text }
}

extension SystemPreset: ExpressibleByArgument {}
