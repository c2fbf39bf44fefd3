import ArgumentParser
import Foundation
import Kongur
import OpenAIServer

/// `kongur keys`: the file of API keys that `kongur serve --keys-file` reads.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Add, list and remove API keys.",
        discussion: "The file holds hashes alone; a server that runs reads it again when it has changed.",
        subcommands: [Add.self, List.self, Remove.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key, print it once, and keep its hash.")

        @Argument(help: "The file; it is made when it does not exist.") var file: String
        @Argument(help: "Who will hold the key.") var name: String
        @Flag(help: "A key that also opens /admin.") var admin = false
        @Option(help: "The key's share of the engine beside other keys, 1 to 1000.") var weight = 1

        func run() async throws {
            guard APIKey.weights.contains(weight) else {
                throw KongurError(.invalidInput, "--weight is \(weight); it must be between 1 and 1000")
            }
            guard !name.isEmpty, name.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != 0x23 }) else {
                throw KongurError(
                    .invalidInput,
                    "'\(name)': a name is made of ASCII letters, digits and signs, without # and spaces"
                )
            }
            let key = APIKey.generate()
            try KeysCommand.change(file, isMade: true) { keys throws(KeyFile.Failure) in
                try keys.add(APIKey(name: name, role: admin ? .admin : .user, key: key, weight: weight))
            }
            Console.print(key)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print who holds keys.")

        @Argument(help: "The file.") var file: String

        func run() async throws {
            for key in try KeysCommand.read(file) {
                Console.print("\(key.name) \(key.role.rawValue)" + (key.weight == 1 ? "" : " weight \(key.weight)"))
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a key back.")

        @Argument(help: "The file.") var file: String
        @Argument(help: "Who holds the key.") var name: String

        func run() async throws {
            try KeysCommand.change(file, isMade: false) { keys throws(KeyFile.Failure) in try keys.remove(name) }
        }
    }

    private static func read(_ file: String) throws -> [APIKey] {
        do {
            return try KeyFile.read(file)
        } catch {
            throw KongurError(.invalidInput, error.description, cause: error)
        }
    }

    private static func change(
        _ file: String,
        isMade: Bool,
        _ change: (inout KeyFile.Text) throws(KeyFile.Failure) -> Void
    ) throws {
        do {
            try KeyFile.change(file, isMade: isMade, change)
        } catch {
            throw KongurError(.invalidInput, error.description, cause: error)
        }
    }
}
